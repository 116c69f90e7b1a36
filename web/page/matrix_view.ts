// One canvas with the picture of a weight in one order, and above it one that shows an update and fades.

import type { Picture } from '../messages.js';
import type { Arrangement } from './arrangement.js';
import { type Change, changePixels, weightPixels } from './block_picture.js';
import { make } from './dom.js';
import { colour, rgb } from './theme.js';

const FADE_MS = 2500;
/** Of the picture on the page, in CSS pixels. */
const HEIGHTS = { least: 96, most: 380 } as const;
const WIDEST_CANVAS = 4096;

/** As the visitor has set it for all pages. */
export function isWithoutMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export class MatrixView {
  private readonly base = make('canvas', { role: 'img' });
  private readonly overlay = make('canvas', { 'aria-hidden': 'true', class: 'overlay' });
  private readonly frame = make('div', { class: 'matrix' }, this.base, this.overlay);

  constructor(parent: HTMLElement) {
    parent.append(this.frame);
  }

  /** @param description for whoever does not see it. */
  show(picture: Picture, arrangement: Arrangement, description: string): void {
    const scale = this.resize(picture);
    this.base.setAttribute('aria-label', description);
    paint(this.base, picture, weightPixels(picture, arrangement.places, rgb('--ink')));
    drawBlockEdges(this.base, picture, arrangement, scale);
    this.overlay.getAnimations().forEach((animation) => {
      animation.cancel();
    });
    this.overlay.style.opacity = '0';
  }

  /** What an update changed, over the picture after it. Without motion, it stays until the next picture. */
  flash(before: Picture, after: Picture, { places }: Arrangement): Change {
    const { pixels, change } = changePixels(before, after, places, { dropped: rgb('--drop'), grown: rgb('--grow') });
    paint(this.overlay, after, pixels);
    if (isWithoutMotion()) this.overlay.style.opacity = '1';
    else this.overlay.animate({ opacity: [1, 1, 0], offset: [0, 0.3, 1] }, { duration: FADE_MS, easing: 'ease-out' });
    return change;
  }

  /** Sharp at the size that the picture has on the page. @returns canvas pixels of a weight. */
  private resize({ rows, columns }: Picture): { x: number; y: number } {
    const width = Math.max(this.frame.clientWidth, 200);
    const height = Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, (width * rows) / columns));
    this.frame.style.height = `${height}px`;
    const whole = (size: number, count: number) =>
      Math.max(1, Math.min(Math.ceil((size * devicePixelRatio) / count), Math.floor(WIDEST_CANVAS / count)));
    const scale = { x: whole(width, columns), y: whole(height, rows) };
    for (const canvas of [this.base, this.overlay]) {
      canvas.width = columns * scale.x;
      canvas.height = rows * scale.y;
    }
    return scale;
  }
}

function paint(canvas: HTMLCanvasElement, { rows, columns }: Picture, pixels: Uint8ClampedArray<ArrayBuffer>): void {
  const bitmap = new OffscreenCanvas(columns, rows);
  bitmap.getContext('2d')!.putImageData(new ImageData(pixels, columns, rows), 0, 0);
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}

/** Thin gaps around the blocks, in the colour of the paper. */
function drawBlockEdges(
  canvas: HTMLCanvasElement,
  { blocks }: Picture,
  { groups }: Arrangement,
  scale: { x: number; y: number },
): void {
  if (!blocks) return;
  const context = canvas.getContext('2d')!;
  context.fillStyle = colour('--surface');
  for (const { firstRow, rows, keptColumns } of groups) {
    const [top, height] = [firstRow * scale.y, rows * scale.y];
    for (let x = blocks.blockSize; x <= keptColumns; x += blocks.blockSize) {
      context.fillRect(x * scale.x - 1, top, 1, height);
    }
    context.fillRect(0, top + height - 1, canvas.width, 1);
  }
}
