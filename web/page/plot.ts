// One small plot with a caption that reads out the values under the cursor, or the last ones. The keyboard moves the cursor too.

import UPlot from 'uplot';
import { make, onFrame } from './dom.js';
import { median } from './median.js';
import { pointAfter } from './plot_keys.js';
import type { Curve } from './series.js';
import { colour } from './theme.js';

export interface CurveStyle {
  /** A colour of style/tokens.css. */
  readonly colour: string;
  /** `faint` for single values behind their mean; `points` for the few values of epochs, `joined` by lines. */
  readonly look: 'line' | 'faint' | 'points' | 'joined';
  /** Named in the caption; none for curves that are not read out. */
  readonly label?: string;
}

export interface PlotDefinition {
  readonly title: string;
  readonly format: (value: number) => string;
  /** For the axis; as `format` if not given. */
  readonly tick?: (value: number) => string;
  /** Fixed limits of the vertical axis, where it has some; `typical` cuts off what lies far beyond the median, such as waits for a compiler. */
  readonly range?: readonly [number | null, number | 'typical' | null];
  readonly curves: readonly CurveStyle[];
}

const HEIGHT = 186;
const FONT = '11px system-ui, sans-serif';
/** Medians that a typical value is at most, those of the curve that has the highest. */
const FAR = 2.5;
/** Plots under one key share their cursor. */
const SYNC = UPlot.sync('step');

export class Plot {
  /** To assistive technology a slider over the steps, whose value is what the caption says. */
  private readonly canvas = make('div', { class: 'canvas', role: 'slider', tabindex: '0', 'aria-valuemin': '0' });
  private readonly reading = make('span', { class: 'reading' });
  private readonly figure: HTMLElement;
  private readonly resizing = new ResizeObserver(() => this.chart?.setSize(this.size()));
  private chart: UPlot | undefined;
  private curves: readonly Curve[] = [];
  /** Where the keyboard is: index of a point. */
  private at: number | undefined;
  private readonly draw = onFrame(() => this.drawNow());

  constructor(
    parent: HTMLElement,
    private readonly definition: PlotDefinition,
  ) {
    const title = make('span', { class: 'title' }, definition.title);
    this.figure = make('figure', { class: 'plot' }, make('figcaption', {}, title, this.reading), this.canvas);
    this.canvas.setAttribute('aria-label', `${definition.title}, by step`);
    this.canvas.addEventListener('keydown', (event) => this.press(event));
    this.canvas.addEventListener('focus', () => this.enter());
    this.canvas.addEventListener('blur', () => this.leave());
    parent.append(this.figure);
    this.resizing.observe(this.canvas);
    this.rebuild();
  }

  /** @param curves one for each of the definition's. */
  show(curves: readonly Curve[]): void {
    this.curves = curves;
    this.draw();
  }

  /** It leaves the page. */
  remove(): void {
    this.resizing.disconnect();
    this.chart?.destroy();
    this.chart = undefined;
    this.figure.remove();
  }

  /** Takes up the colours of another theme. */
  rebuild(): void {
    this.chart?.destroy();
    this.chart = new UPlot(this.options(), [[]], this.canvas);
    this.draw();
  }

  private drawNow(): void {
    const tables = this.curves.map(({ x, y }) => [x, y] as unknown as UPlot.AlignedData);
    this.chart?.setData(tables.length > 0 ? UPlot.join(tables) : [[]]);
    this.read(this.chart?.cursor.idx ?? null);
    // Once the chart has taken up the limits of its new data, which it does in a microtask.
    if (this.at !== undefined) queueMicrotask(() => this.point());
  }

  /** With the keyboard, and not with the mouse, which has its own place. */
  private enter(): void {
    if (this.canvas.matches(':focus-visible')) this.go('End');
  }

  private press(event: KeyboardEvent): void {
    if (this.go(event.key)) event.preventDefault();
  }

  /** @returns false for keys that lead nowhere. */
  private go(key: string): boolean {
    const { length } = this.steps;
    const at = pointAfter(key, this.at ?? length - 1, length);
    if (at === undefined) return false;
    this.at = at;
    this.point();
    return true;
  }

  private leave(): void {
    this.at = undefined;
    this.chart?.setCursor({ left: -1, top: -1 });
  }

  /** Puts the cursor where the keyboard is. */
  private point(): void {
    const { chart, at, steps } = this;
    if (!chart || at === undefined || steps.length === 0) return;
    const index = Math.min(at, steps.length - 1);
    chart.setCursor({ left: chart.valToPos(steps[index], 'x'), top: 0 });
    this.read(index);
  }

  private get steps(): ArrayLike<number> {
    return this.chart?.data[0] ?? [];
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(this.canvas.clientWidth, 120), height: HEIGHT };
  }

  private options(): UPlot.Options {
    const { range: [low, high] = [null, null], curves, format, tick } = this.definition;
    const axis: UPlot.Axis = {
      stroke: colour('--muted'),
      font: FONT,
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    };
    return {
      ...this.size(),
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC.key }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
      // From the run's beginning, so that plots of steps and of epochs stand below each other.
      scales: {
        x: { time: false, range: (_, __, most) => [0, most ?? 1] },
        y: { range: (_, least, most) => limits(low ?? least, this.top(high, most)) },
      },
      axes: [
        { ...axis, size: 26, space: 60, label: 'step', labelSize: 16, labelFont: FONT },
        { ...axis, size: 52, space: 34, values: (_, ticks) => ticks.map(tick ?? format) },
      ],
      series: [{}, ...curves.map(seriesOf)],
      hooks: { setCursor: [(chart) => this.read(chart.cursor.idx ?? null)] },
    };
  }

  private top(high: number | 'typical' | null, most: number): number {
    if (high !== 'typical') return high ?? most;
    const medians = this.curves.map(({ y }) => median(y)).filter(Number.isFinite);
    return medians.length === 0 ? most : Math.min(most, FAR * Math.max(...medians));
  }

  /** @param index of the values under the cursor, or null for the last ones. */
  private read(index: number | null): void {
    const columns = this.chart?.data ?? [[]];
    const at = (column: UPlot.AlignedData[number]) => {
      const last = index ?? column.length - 1;
      for (let i = last; i >= 0; i--) if (column[i] != null) return column[i] as number;
      return undefined;
    };
    const readings = this.definition.curves.flatMap(({ label }, i) => {
      const value = columns[i + 1] && at(columns[i + 1]);
      return label === undefined || value === undefined ? [] : [`${label} ${this.definition.format(value)}`.trim()];
    });
    const step = index === null ? '' : `step ${columns[0][index]}: `;
    this.reading.textContent = step + readings.join(', ');
    const [last = 0] = columns[0].slice(-1);
    this.canvas.setAttribute('aria-valuemax', String(last));
    this.canvas.setAttribute('aria-valuenow', String(index === null ? last : columns[0][index]));
    this.canvas.setAttribute('aria-valuetext', this.reading.textContent);
  }
}

function seriesOf({ colour: name, look }: CurveStyle): UPlot.Series {
  const stroke = colour(name);
  if (look === 'points') return { stroke, paths: () => null, points: { show: true, size: 7, fill: stroke } };
  const isFaint = look === 'faint';
  // Where there is room for them, uPlot shows points by itself.
  const points = look === 'joined' ? { size: 5, fill: stroke } : { show: false };
  return { stroke, width: isFaint ? 1 : 2, alpha: isFaint ? 0.3 : 1, spanGaps: true, points };
}

/** A little air above and below, and never an empty range. */
function limits(low: number, high: number): UPlot.Range.MinMax {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
