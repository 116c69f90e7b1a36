// What the page knows of a run: its facts, its curves, its epochs.

import type { EpochEvent } from '../../src/train/index.js';
import type { Line, RunFacts } from '../messages.js';
import { RunSeries } from './series.js';

export class RunRecord {
  readonly series: RunSeries;
  readonly epochs: EpochEvent[] = [];
  /** Floating-point operations of one image, forward; NaN until they are counted. */
  flops = Number.NaN;

  constructor(readonly facts: RunFacts) {
    this.series = new RunSeries(facts.layers);
  }

  add(lines: readonly Line[]): void {
    for (const line of lines) {
      this.series.add(line);
      if (line.type === 'epoch') this.epochs.push(line);
    }
  }

  get activeWeights(): number {
    return this.facts.layers.reduce((sum, { active }) => sum + active, 0);
  }

  get allWeights(): number {
    return this.facts.layers.reduce((sum, { size }) => sum + size, 0);
  }

  /** Milliseconds a step, as a median; NaN before the first. */
  get ms(): number {
    return this.series.steps.typicalMs.at(-1) ?? Number.NaN;
  }

  /** As a median too. */
  get imagesPerSecond(): number {
    return this.series.steps.typicalImagesPerSecond.at(-1) ?? Number.NaN;
  }

  /** Of the last epoch; NaN before its end. */
  get testAccuracy(): number {
    return this.epochs.at(-1)?.testAccuracy ?? Number.NaN;
  }

  get trainAccuracy(): number {
    return this.series.steps.smoothAccuracy.at(-1) ?? Number.NaN;
  }
}
