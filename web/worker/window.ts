// Accuracy over the last few batches, from sums over the epoch so far.

import type { Metrics } from '../../src/train/index.js';

export class Window {
  private count = 0;
  private correct = 0;

  constructor(private readonly metrics: Metrics) {}

  /** Of the images since the last call, or since the epoch began; accuracy is NaN if there were none. */
  async take(): Promise<{ readonly count: number; readonly accuracy: number }> {
    const { count, accuracy } = await this.metrics.read();
    const correct = Math.round(accuracy * count) || 0;
    const isNewEpoch = count < this.count;
    const since = isNewEpoch ? { count, correct } : { count: count - this.count, correct: correct - this.correct };
    this.count = count;
    this.correct = correct;
    return { count: since.count, accuracy: since.correct / since.count };
  }
}
