// The plots of the dashboard: every curve of every chosen run, each run in its colour.

import { type EvaluatedOn, evaluatedOn } from '../../src/train/config/evaluated_on.js';
import { percent, plainNumber, threeDigits } from '../page/format.js';
import { type CurveStyle, Plot, type PlotDefinition } from '../page/plot.js';
import type { Curve } from '../page/series.js';
import type { RunData } from './run_data.js';

interface Drawing extends Omit<PlotDefinition, 'curves'> {
  readonly parts: readonly Part[];
}

interface Part {
  readonly look: CurveStyle['look'];
  /** Read out, of the run that is looked at. */
  readonly label?: string;
  readonly curve: (run: RunData) => Curve;
}

const share = { format: (value: number) => percent(value), tick: (value: number) => percent(value, 0) };
const amount = { format: threeDigits, tick: plainNumber };

/** @param images that the run that is looked at is evaluated on. */
const drawingsOf = (images: EvaluatedOn): readonly Drawing[] => [
  {
    title: 'Loss',
    format: (value) => value.toFixed(3),
    tick: plainNumber,
    range: [0, null],
    parts: [
      { look: 'faint', curve: (run) => run.losses },
      { look: 'line', label: 'training', curve: (run) => run.smoothLoss },
      { look: 'points', label: images, curve: (run) => run.ofEpochs('testLoss') },
    ],
  },
  {
    title: 'Accuracy',
    format: (value) => percent(value, 2),
    tick: share.tick,
    range: [null, 1],
    parts: [
      { look: 'faint', label: 'training', curve: (run) => run.ofEpochs('trainAccuracy') },
      { look: 'joined', label: images, curve: (run) => run.ofEpochs('testAccuracy') },
    ],
  },
  {
    title: 'Milliseconds a step',
    ...amount,
    range: [0, 'typical'],
    parts: [
      { look: 'faint', curve: (run) => run.ofSteps('ms') },
      { look: 'line', label: '', curve: (run) => run.typicalMs },
    ],
  },
  {
    title: 'Images a second',
    ...amount,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: (run) => run.typicalRate }],
  },
  {
    title: 'Sparsity, and weights ever tried',
    ...share,
    range: [0, 1],
    parts: [
      { look: 'joined', label: 'sparsity', curve: (run) => run.ofEpochs('sparsity') },
      { look: 'joined', label: 'tried', curve: (run) => run.ofUpdates('tried') },
    ],
  },
  {
    title: 'Weights moved at an update',
    format: (value) => percent(value, 2),
    tick: (value) => `${plainNumber(100 * value)}%`,
    range: [0, null],
    parts: [{ look: 'joined', label: '', curve: (run) => run.ofUpdates('moved') }],
  },
  {
    title: 'Learning rate',
    format: plainNumber,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: (run) => run.ofSteps('learningRate') }],
  },
  {
    title: 'GPU memory, MiB',
    ...amount,
    range: [0, null],
    parts: [{ look: 'line', label: '', curve: (run) => mebibytes(run.ofSteps('memoryBytes')) }],
  },
];

function mebibytes({ x, y }: Curve): Curve {
  return { x, y: y.map((bytes) => bytes / 2 ** 20) };
}

/** A run, and the token of its colour. */
export type Drawn = readonly [run: RunData, colour: string];

export class RunCurves {
  private plots: readonly Plot[] = [];
  /** What the plots were made for: they are made again when runs come or go, or tell of something new. */
  private made = '';

  constructor(private readonly parent: HTMLElement) {}

  /** @param runs of which the last is read out, and drawn above the others. */
  show(runs: readonly Drawn[]): void {
    const images = evaluatedOn(runs.at(-1)?.[0].entry.config);
    const drawings = drawingsOf(images);
    const tables = drawings.map(({ parts }) => runs.flatMap(([run]) => parts.map(({ curve }) => curve(run))));
    const told = [...drawings.keys()].filter((i) => tables[i].some(({ x }) => x.length > 0));
    const colours = runs.map(([, colour]) => colour);
    const wanted = JSON.stringify([told, colours, images]);
    if (wanted !== this.made) {
      this.made = wanted;
      for (const plot of this.plots) plot.remove();
      this.plots = told.map((i) => new Plot(this.parent, definition(drawings[i], colours)));
    }
    this.plots.forEach((plot, i) => {
      plot.show(tables[told[i]]);
    });
  }

  /** Takes up the colours of another theme. */
  rebuild(): void {
    for (const plot of this.plots) plot.rebuild();
  }
}

function definition({ parts, ...drawing }: Drawing, colours: readonly string[]): PlotDefinition {
  const curves = colours.flatMap((colour, run) =>
    parts.map(({ look, label }) => ({ look, colour, label: run === colours.length - 1 ? label : undefined })),
  );
  return { ...drawing, curves };
}
