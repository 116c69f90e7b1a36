// Learning rates over training.

export interface MultiStepOptions {
  readonly learningRate: number;
  /** Epochs from which on the rate is multiplied by `gamma` (once more at each). */
  readonly milestones: readonly number[];
  /** Default 0.1. */
  readonly gamma?: number;
}

/** Learning rate of an epoch, counted from 0. */
export type LearningRate = (epoch: number) => number;

export function multiStep({ learningRate, milestones, gamma = 0.1 }: MultiStepOptions): LearningRate {
  return (epoch) => learningRate * gamma ** milestones.filter((milestone) => epoch >= milestone).length;
}
