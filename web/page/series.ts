// A run's history as columns for plotting. Steps are counted from 1: what has been done, not what comes.

import type { LayerFacts, Line } from '../messages.js';
import { RunningMedian } from './median.js';

/** Values at steps. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Of the table of epochs. */
export const EPOCH_COLUMNS = [
  'epoch',
  'trainLoss',
  'trainAccuracy',
  'testLoss',
  'testAccuracy',
  'sparsity',
  'seconds',
] as const;

/** What is told of an epoch, counted from 0; NaN where nothing is known. */
export type EpochRow = Readonly<Record<(typeof EPOCH_COLUMNS)[number], number>>;

/** Weight of the past in the smoothed curves, a line. */
const SMOOTHING = 0.9;

/** Mean of all values so far, older ones weighing less by `SMOOTHING` each. */
export class RunningMean {
  private sum = 0;
  private weight = 0;

  next(value: number): number {
    this.sum = SMOOTHING * this.sum + value;
    this.weight = SMOOTHING * this.weight + 1;
    return this.sum / this.weight;
  }
}

export class RunSeries {
  readonly steps = {
    step: [] as number[],
    loss: [] as number[],
    smoothLoss: [] as number[],
    accuracy: [] as number[],
    smoothAccuracy: [] as number[],
    ms: [] as number[],
    typicalMs: [] as number[],
    imagesPerSecond: [] as number[],
    typicalImagesPerSecond: [] as number[],
    memoryBytes: [] as number[],
  };
  readonly epochs = {
    step: [] as number[],
    testLoss: [] as number[],
    testAccuracy: [] as number[],
  };
  /** At topology updates. */
  readonly updates = {
    step: [] as number[],
    /** Share of all weights that are pruned. */
    sparsity: [] as number[],
    /** Share of all weights that have been active at any time so far. */
    explored: [] as number[],
  };
  private readonly active: Map<string, number>;
  private readonly explored: Map<string, number>;
  private readonly sizes: Map<string, number>;
  private readonly total: number;
  private readonly meanLoss = new RunningMean();
  private readonly meanAccuracy = new RunningMean();
  private readonly medianMs = new RunningMedian();
  private readonly medianRate = new RunningMedian();

  constructor(layers: readonly LayerFacts[]) {
    this.active = new Map(layers.map(({ name, active }) => [name, active]));
    this.explored = new Map(this.active);
    this.sizes = new Map(layers.map(({ name, size }) => [name, size]));
    this.total = layers.reduce((sum, { size }) => sum + size, 0);
  }

  add(line: Line): void {
    if (line.type === 'step') {
      const { steps } = this;
      steps.step.push(line.step + 1);
      steps.loss.push(line.loss);
      steps.smoothLoss.push(this.meanLoss.next(line.loss));
      steps.accuracy.push(line.accuracy);
      steps.smoothAccuracy.push(this.meanAccuracy.next(line.accuracy));
      steps.ms.push(line.ms);
      steps.typicalMs.push(this.medianMs.next(line.ms));
      steps.imagesPerSecond.push(line.imagesPerSecond);
      steps.typicalImagesPerSecond.push(this.medianRate.next(line.imagesPerSecond));
      steps.memoryBytes.push(line.memoryBytes);
    } else if (line.type === 'epoch') {
      const { epochs } = this;
      epochs.step.push(line.step);
      epochs.testLoss.push(line.testLoss);
      epochs.testAccuracy.push(line.testAccuracy);
    } else {
      this.active.set(line.layer, line.nnz);
      this.explored.set(line.layer, line.explored * (this.sizes.get(line.layer) ?? 0));
      this.noteShares(line.step + 1);
    }
    if (this.updates.step.length === 0) this.noteShares(0);
  }

  /** One entry a step, although each layer has a line. */
  private noteShares(step: number): void {
    const { updates } = this;
    const at = updates.step.at(-1) === step ? updates.step.length - 1 : updates.step.length;
    updates.step[at] = step;
    updates.sparsity[at] = 1 - sumOf(this.active) / this.total;
    updates.explored[at] = sumOf(this.explored) / this.total;
  }
}

function sumOf(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0);
}
