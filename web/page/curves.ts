// The plots of the page: what is drawn of the runs that there are.

import { type EvaluatedOn, evaluatedOn } from '../../src/train/config/evaluated_on.js';
import type { RunFacts, RunName } from '../messages.js';
import { percent, plainNumber, threeDigits } from './format.js';
import { type CurveStyle, Plot } from './plot.js';
import type { Curve, RunSeries } from './series.js';

interface Drawing {
  readonly title: string;
  readonly format: (value: number) => string;
  readonly tick?: (value: number) => string;
  readonly range?: readonly [number | null, number | 'typical' | null];
  /** Drawn of the main run only: of the twin it is the same, or says nothing. */
  readonly isShared?: boolean;
  /** What of a run is drawn, and how. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly look: CurveStyle['look'];
  readonly label?: string;
  readonly curve: (series: RunSeries) => Curve;
}

type StepColumn = Exclude<keyof RunSeries['steps'], 'step'>;
type UpdateColumn = Exclude<keyof RunSeries['updates'], 'step'>;
type EpochColumn = Exclude<keyof RunSeries['epochs'], 'step'>;

const steps = (column: StepColumn) => (series: RunSeries) => ({ x: series.steps.step, y: series.steps[column] });
const epochs = (column: EpochColumn) => (series: RunSeries) => ({ x: series.epochs.step, y: series.epochs[column] });
const updates = (column: UpdateColumn) => (series: RunSeries) => ({
  x: series.updates.step,
  y: series.updates[column],
});

const mebibytes = (curve: (series: RunSeries) => Curve) => (series: RunSeries) => {
  const { x, y } = curve(series);
  return { x, y: y.map((bytes) => bytes / 2 ** 20) };
};

/** @param images that the runs are evaluated on. */
const drawingsOf = (images: EvaluatedOn): readonly Drawing[] => [
  {
    title: 'Loss',
    format: (value) => value.toFixed(2),
    range: [0, null],
    parts: [
      { look: 'faint', curve: steps('loss') },
      { look: 'line', label: 'training', curve: steps('smoothLoss') },
      { look: 'points', label: images, curve: epochs('testLoss') },
    ],
  },
  {
    title: 'Accuracy',
    format: (value) => percent(value),
    tick: (value) => percent(value, 0),
    range: [null, 1],
    parts: [
      { look: 'faint', curve: steps('accuracy') },
      { look: 'line', label: 'training', curve: steps('smoothAccuracy') },
      { look: 'points', label: images, curve: epochs('testAccuracy') },
    ],
  },
  {
    title: 'Milliseconds a step',
    format: threeDigits,
    tick: plainNumber,
    range: [0, 'typical'],
    parts: [
      { look: 'faint', curve: steps('ms') },
      { look: 'line', label: '', curve: steps('typicalMs') },
    ],
  },
  {
    title: 'Images a second',
    format: threeDigits,
    tick: plainNumber,
    range: [0, 'typical'],
    parts: [
      { look: 'faint', curve: steps('imagesPerSecond') },
      { look: 'line', label: '', curve: steps('typicalImagesPerSecond') },
    ],
  },
  {
    title: 'Sparsity, and weights ever tried',
    format: (value) => percent(value),
    tick: (value) => percent(value, 0),
    range: [0, 1],
    isShared: true,
    parts: [
      { look: 'line', label: 'sparsity', curve: updates('sparsity') },
      { look: 'points', label: 'tried', curve: updates('explored') },
    ],
  },
  {
    title: 'GPU memory, MiB',
    format: threeDigits,
    tick: plainNumber,
    isShared: true,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: mebibytes(steps('memoryBytes')) }],
  },
];

const RUN_NAMES = ['main', 'twin'] as const;
const COLOURS: Readonly<Record<RunName, string>> = { main: '--grow', twin: '--drop' };

export class Curves {
  private images: EvaluatedOn = 'test';
  private drawings: readonly Drawing[] = [];
  private plots: readonly Plot[] = [];

  constructor(private readonly parent: HTMLElement) {
    this.make();
  }

  show(runs: ReadonlyMap<RunName, { readonly series: RunSeries; readonly facts: RunFacts }>): void {
    const images = evaluatedOn(runs.get('main')?.facts.config);
    if (images !== this.images) {
      this.images = images;
      this.make();
    }
    const empty: Curve = { x: [], y: [] };
    this.plots.forEach((plot, i) => {
      const curves = RUN_NAMES.flatMap((run) => {
        const series = runs.get(run)?.series;
        const { parts, isShared } = this.drawings[i];
        return parts.map(({ curve }) => (series && !(isShared && run === 'twin') ? curve(series) : empty));
      });
      plot.show(curves);
    });
  }

  /** Takes up the colours of another theme. */
  rebuild(): void {
    for (const plot of this.plots) plot.rebuild();
  }

  /** Plots for what the main run is evaluated on, in the place of those that there are. */
  private make(): void {
    for (const plot of this.plots) plot.remove();
    this.drawings = drawingsOf(this.images);
    this.plots = this.drawings.map(({ parts, ...drawing }) => {
      const styles = RUN_NAMES.flatMap((run) =>
        parts.map(({ look, label }) => ({ look, label: run === 'main' ? label : undefined, colour: COLOURS[run] })),
      );
      return new Plot(this.parent, { ...drawing, curves: styles });
    });
  }
}
