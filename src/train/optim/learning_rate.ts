// Learning rates over training, one for each epoch.

/** Learning rate of an epoch, counted from 0. */
export type LearningRate = (epoch: number) => number;

export interface MultiStepOptions {
  readonly learningRate: number;
  /** Epochs from which on the rate is multiplied by `gamma` (once more at each). */
  readonly milestones: readonly number[];
  /** Default 0.1. */
  readonly gamma?: number;
}

export function multiStep({ learningRate, milestones, gamma = 0.1 }: MultiStepOptions): LearningRate {
  return (epoch) => learningRate * gamma ** milestones.filter((milestone) => epoch >= milestone).length;
}

export function constant(learningRate: number): LearningRate {
  return () => learningRate;
}

/**
 * `learningRate` up to the epoch `from`, then half a cosine (Loshchilov and Hutter, ICLR 2017) that would reach 0 in the epoch `to`.
 * A run of `to` epochs ends just above 0.
 */
export function cosine(learningRate: number, { from = 0, to }: { from?: number; to: number }): LearningRate {
  return (epoch) =>
    epoch <= from ? learningRate : (learningRate / 2) * (1 + Math.cos((Math.PI * (epoch - from)) / (to - from)));
}

/** The first `epochs` epochs rise linearly to the schedule's rate, from a share 1 / epochs of it in epoch 0. Milestones stay where they are. */
export function warmUp(epochs: number, schedule: LearningRate): LearningRate {
  return (epoch) => schedule(epoch) * Math.min(1, (epoch + 1) / Math.max(1, epochs));
}

/**
 * As the original program warms up (pytorch-gradual-warmup-lr with multiplier 1): epoch 0 has rate 0, epoch `epochs` the full one, and
 * only the epoch after it is epoch 0 of the schedule. With 5 epochs of warm-up milestones come 6 epochs late.
 */
export function warmUpOfOriginal(epochs: number, schedule: LearningRate): LearningRate {
  if (epochs === 0) return schedule;
  return (epoch) => (epoch <= epochs ? (schedule(0) * epoch) / epochs : schedule(epoch - epochs - 1));
}
