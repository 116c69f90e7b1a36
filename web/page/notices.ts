// What the visitor should know, above the page, until it is closed.

import type { NoticeLevel, NoticeTopic } from '../messages.js';
import { make } from './dom.js';

export class Notices {
  /** @param list a live region: what is added to it is read aloud, once, so that a notice has no role of its own. */
  constructor(private readonly list: HTMLElement) {}

  /** The same text is not shown twice at a time. */
  show(level: NoticeLevel, text: string, topic?: NoticeTopic): void {
    if ([...this.list.children].some((shown) => shown.firstChild?.textContent === text)) return;
    const close = make('button', { type: 'button', 'aria-label': 'Close this message' }, '×');
    const notice = make('div', { class: 'notice', 'data-level': level }, make('span', {}, text), close);
    if (topic) notice.dataset.topic = topic;
    close.addEventListener('click', () => notice.remove());
    this.list.append(notice);
  }

  clear(topic: NoticeTopic): void {
    for (const notice of this.list.querySelectorAll(`[data-topic="${topic}"]`)) notice.remove();
  }
}
