// What the network reads: in a drawing, or in a test image. While it trains, it is asked again and again.

import { softmaxOfRows } from '../../src/train/index.js';
import type { ImageFacts, Request, TestImage } from '../messages.js';
import { digitImage } from './digit_image.js';
import { element, make } from './dom.js';
import { percent } from './format.js';
import { paintImage } from './image_canvas.js';
import { Pad } from './pad.js';

/** Milliseconds between questions about the same image. */
const REPEAT_MS = 400;

export class AskView {
  private readonly pad = new Pad(element('pad-area', HTMLElement), element('pad', HTMLCanvasElement), () =>
    this.readDrawing(),
  );
  private readonly section = element('ask', HTMLElement);
  private readonly seen = element('seen', HTMLCanvasElement);
  private readonly seenFigure = element('seen-figure', HTMLElement);
  private readonly verdict = element('verdict', HTMLElement);
  private readonly bars = element('bars', HTMLOListElement);
  private facts: ImageFacts | undefined;
  private image: Uint8Array | undefined;
  /** Of a test image. */
  private label: number | undefined;
  private nextTest = 0;
  private lastAsked = 0;

  constructor(private readonly ask: (request: Request) => void) {
    element('clear', HTMLButtonElement).addEventListener('click', () => this.clear());
    element('test-image', HTMLButtonElement).addEventListener('click', () => {
      this.ask({ type: 'test image', index: this.nextTest++ });
    });
  }

  begin(facts: ImageFacts): void {
    this.facts = facts;
    const isDrawable = facts.channels === 1 && facts.height === 28 && facts.width === 28;
    this.section.dataset.state = isDrawable ? 'drawable' : 'images';
    element('test-image', HTMLButtonElement).disabled = false;
    if (this.image?.length === facts.channels * facts.height * facts.width) this.askNow();
    else this.clear();
  }

  end(): void {
    this.facts = undefined;
    element('test-image', HTMLButtonElement).disabled = true;
    this.bars.replaceChildren();
    this.say(HINT);
  }

  /** The network has changed. */
  refresh(): void {
    if (performance.now() - this.lastAsked > REPEAT_MS) this.askNow();
  }

  showTestImage({ index, label, image }: TestImage): void {
    this.pad.clear();
    this.label = label;
    this.image = image;
    this.seen.setAttribute('aria-label', `Test image ${index}, a ${this.facts?.classNames[label]}`);
    this.look();
  }

  /** @param logits may be those of an image asked about before: the next answer is on its way then. */
  showPrediction(logits: Float32Array): void {
    if (!this.facts || !this.image) return;
    const { classNames } = this.facts;
    const shares = [...softmaxOfRows(logits, logits.length)];
    const best = shares.indexOf(Math.max(...shares));
    const truth = this.label === undefined ? '' : ` It is ${article(classNames[this.label])}.`;
    this.say(`The network reads ${article(classNames[best])}.${truth}`);
    const shown = [...shares.keys()].filter((i) => i < classNames.length);
    if (classNames.length > MOST_BARS) shown.sort((a, b) => shares[b] - shares[a]).splice(MOST_BARS);
    this.bars.replaceChildren(...shown.map((i) => bar(classNames[i], shares[i], logits[i], i === best)));
  }

  redraw(): void {
    this.pad.redraw();
  }

  private readDrawing(): void {
    this.label = undefined;
    this.image = digitImage(this.pad.ink(), Pad.side);
    this.seen.setAttribute('aria-label', 'What the network sees of the drawing');
    this.look();
  }

  private look(): void {
    if (!this.image) return;
    this.seenFigure.hidden = false;
    paintImage(this.seen, this.image, this.facts ?? { channels: 1, height: 28, width: 28 });
    this.askNow();
  }

  private askNow(): void {
    if (!this.image || !this.facts) return;
    this.lastAsked = performance.now();
    this.ask({ type: 'predict', image: this.image });
  }

  private clear(): void {
    this.image = undefined;
    this.label = undefined;
    this.pad.clear();
    this.seenFigure.hidden = true;
    this.bars.replaceChildren();
    this.say(HINT);
  }

  /** Said aloud only where it is news. */
  private say(text: string): void {
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
  }
}

const HINT = 'Draw a digit, and the network says what it reads.';
const MOST_BARS = 10;

function article(name: string): string {
  return `${/^([aeiou]|8)/i.test(name) ? 'an' : 'a'} ${name}`;
}

function bar(name: string, share: number, logit: number, isBest: boolean): HTMLLIElement {
  const fill = make('span', { class: 'fill' });
  fill.style.width = percent(share);
  const track = make('span', { class: 'track', 'aria-hidden': 'true' }, fill);
  const attributes = { 'data-logit': String(logit), ...(isBest ? { class: 'best' } : {}) };
  return make('li', attributes, make('span', { class: 'name' }, name), track, make('span', {}, percent(share)));
}
