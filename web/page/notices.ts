// What the visitor should know, above the page, until it is closed.

import type { NoticeLevel } from '../messages.js';
import { make } from './dom.js';

export class Notices {
  constructor(private readonly list: HTMLElement) {}

  /** The same text is not shown twice at a time. */
  show(level: NoticeLevel, text: string): void {
    if ([...this.list.children].some((shown) => shown.firstChild?.textContent === text)) return;
    const close = make('button', { type: 'button', 'aria-label': 'Close this message' }, '×');
    const role = level === 'note' ? 'status' : 'alert';
    const notice = make('div', { class: 'notice', 'data-level': level, role }, make('span', {}, text), close);
    close.addEventListener('click', () => notice.remove());
    this.list.append(notice);
  }

  clear(): void {
    this.list.replaceChildren();
  }
}
