// A pad to draw on, with a pointer or with the keyboard. It draws in the colours of the theme, and gives the ink in black and white.

import { onFrame } from './dom.js';
import { colour } from './theme.js';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** In canvas pixels. */
const SIDE = 280;
const PEN_WIDTH = 22;
const KEY_STEP = 10;
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -KEY_STEP, y: 0 },
  ArrowRight: { x: KEY_STEP, y: 0 },
  ArrowUp: { x: 0, y: -KEY_STEP },
  ArrowDown: { x: 0, y: KEY_STEP },
};

export class Pad {
  private strokes: Point[][] = [];
  /** The keyboard's pen, and whether it is down. */
  private pen: Point = { x: SIDE / 2, y: SIDE / 4 };
  private isPenDown = false;
  private isPenShown = false;
  readonly redraw = onFrame(() => this.draw());

  /** @param area takes the keys; the canvas lies in it. @param onChange called when the drawing has changed. */
  constructor(
    area: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly onChange: () => void,
  ) {
    canvas.addEventListener('pointerdown', (event) => this.startStroke(event));
    canvas.addEventListener('pointermove', (event) => this.continueStroke(event));
    area.tabIndex = 0;
    area.addEventListener('keydown', (event) => this.press(event));
    area.addEventListener('blur', () => {
      this.isPenShown = false;
      this.redraw();
    });
    this.redraw();
  }

  static readonly side = SIDE;

  clear(): void {
    this.strokes = [];
    this.isPenDown = false;
    this.redraw();
  }

  /** u8 [side, side]: 255 where the pen has been. */
  ink(): Uint8Array {
    const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true })!;
    drawStrokes(context, this.strokes, '#fff');
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
  }

  private startStroke(event: PointerEvent): void {
    if (!event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.isPenShown = false;
    this.strokes.push([]);
    this.extend(this.pointOf(event));
  }

  private continueStroke(event: PointerEvent): void {
    if (event.isPrimary && this.canvas.hasPointerCapture(event.pointerId)) this.extend(this.pointOf(event));
  }

  private press(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== ' ') return;
    event.preventDefault();
    this.isPenShown = true;
    if (arrow) {
      const within = (at: number) => Math.min(SIDE - KEY_STEP, Math.max(KEY_STEP, at));
      this.pen = { x: within(this.pen.x + arrow.x), y: within(this.pen.y + arrow.y) };
    } else {
      this.isPenDown = !this.isPenDown;
      if (this.isPenDown) this.strokes.push([]);
    }
    if (this.isPenDown) this.extend(this.pen);
    else this.redraw();
  }

  private extend(point: Point): void {
    this.strokes.at(-1)!.push(point);
    this.redraw();
    this.onChange();
  }

  private pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return { x: ((clientX - left) * SIDE) / width, y: ((clientY - top) * SIDE) / height };
  }

  private draw(): void {
    const context = this.canvas.getContext('2d')!;
    context.clearRect(0, 0, SIDE, SIDE);
    drawStrokes(context, this.strokes, colour('--ink'));
    if (!this.isPenShown) return;
    context.beginPath();
    context.arc(this.pen.x, this.pen.y, PEN_WIDTH / 2, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = colour(this.isPenDown ? '--grow' : '--muted');
    context.stroke();
  }
}

function drawStrokes(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: readonly (readonly Point[])[],
  style: string,
): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.lineWidth = PEN_WIDTH;
  context.strokeStyle = style;
  for (const [first, ...others] of strokes) {
    context.beginPath();
    context.moveTo(first.x, first.y);
    if (others.length === 0) context.lineTo(first.x + 0.1, first.y);
    for (const { x, y } of others) context.lineTo(x, y);
    context.stroke();
  }
}
