// A run's history as columns for plotting. Steps are counted from 1: what has been done, not what comes.

import type { Line } from '../messages.js';

/** Weight of the past in the smoothed curves, a line. */
const SMOOTHING = 0.9;

/** Mean of all values so far, older ones weighing less by `SMOOTHING` each. */
class RunningMean {
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
    imagesPerSecond: [] as number[],
    memoryBytes: [] as number[],
  };
  readonly epochs = {
    step: [] as number[],
    testLoss: [] as number[],
    testAccuracy: [] as number[],
    sparsity: [] as number[],
  };
  private readonly meanLoss = new RunningMean();
  private readonly meanAccuracy = new RunningMean();

  add(line: Line): void {
    if (line.type === 'step') {
      const { steps } = this;
      steps.step.push(line.step + 1);
      steps.loss.push(line.loss);
      steps.smoothLoss.push(this.meanLoss.next(line.loss));
      steps.accuracy.push(line.accuracy);
      steps.smoothAccuracy.push(this.meanAccuracy.next(line.accuracy));
      steps.ms.push(line.ms);
      steps.imagesPerSecond.push(line.imagesPerSecond);
      steps.memoryBytes.push(line.memoryBytes);
    } else if (line.type === 'epoch') {
      const { epochs } = this;
      epochs.step.push(line.step);
      epochs.testLoss.push(line.testLoss);
      epochs.testAccuracy.push(line.testAccuracy);
      epochs.sparsity.push(line.sparsity);
    }
  }
}
