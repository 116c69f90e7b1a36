// The plots of the page: what is drawn of the runs that there are.

import type { RunName } from '../messages.js';
import { percent, threeDigits } from './format.js';
import { type Curve, type CurveStyle, Plot } from './plot.js';
import { RunSeries } from './series.js';

interface Drawing {
  readonly title: string;
  readonly format: (value: number) => string;
  readonly range?: readonly [number | null, number | null];
  /** What of a run is drawn, and how. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly look: CurveStyle['look'];
  readonly label?: string;
  readonly curve: (series: RunSeries) => Curve;
}

type StepColumn = Exclude<keyof RunSeries['steps'], 'step'>;
type EpochColumn = Exclude<keyof RunSeries['epochs'], 'step'>;

const steps = (column: StepColumn) => (series: RunSeries) => ({ x: series.steps.step, y: series.steps[column] });
const epochs = (column: EpochColumn) => (series: RunSeries) => ({ x: series.epochs.step, y: series.epochs[column] });

const DRAWINGS: readonly Drawing[] = [
  {
    title: 'Loss',
    format: (value) => value.toFixed(2),
    range: [0, null],
    parts: [
      { look: 'faint', curve: steps('loss') },
      { look: 'line', label: 'training', curve: steps('smoothLoss') },
      { look: 'points', label: 'test', curve: epochs('testLoss') },
    ],
  },
  {
    title: 'Accuracy',
    format: (value) => percent(value),
    range: [null, 1],
    parts: [
      { look: 'faint', curve: steps('accuracy') },
      { look: 'line', label: 'training', curve: steps('smoothAccuracy') },
      { look: 'points', label: 'test', curve: epochs('testAccuracy') },
    ],
  },
  {
    title: 'Milliseconds a step',
    format: threeDigits,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: steps('ms') }],
  },
  {
    title: 'Images a second',
    format: threeDigits,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: steps('imagesPerSecond') }],
  },
];

const COLOURS: Readonly<Record<RunName, string>> = { main: '--grow', twin: '--drop' };

export class Curves {
  private readonly runs = new Map<RunName, RunSeries>();
  private readonly plots: readonly Plot[];

  constructor(parent: HTMLElement) {
    this.plots = DRAWINGS.map(({ title, format, range, parts }) => {
      const styles = (['main', 'twin'] as const).flatMap((run) =>
        parts.map(({ look, label }) => ({ look, label: run === 'main' ? label : undefined, colour: COLOURS[run] })),
      );
      return new Plot(parent, { title, format, range, curves: styles });
    });
  }

  /** Empties the curves of a run. */
  begin(run: RunName): void {
    this.runs.set(run, new RunSeries());
    this.show();
  }

  seriesOf(run: RunName): RunSeries | undefined {
    return this.runs.get(run);
  }

  remove(run: RunName): void {
    this.runs.delete(run);
    this.show();
  }

  show(): void {
    const empty: Curve = { x: [], y: [] };
    this.plots.forEach((plot, i) => {
      const { parts } = DRAWINGS[i];
      const curves = (['main', 'twin'] as const).flatMap((run) => {
        const series = this.runs.get(run);
        return parts.map(({ curve }) => (series ? curve(series) : empty));
      });
      plot.show(curves);
    });
  }

  rebuild(): void {
    for (const plot of this.plots) plot.rebuild();
  }
}
