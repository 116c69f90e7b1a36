// GPU memory that training takes, known before its first step.

import type { BatchRange } from '../data/index.js';
import { DeviceMemoryError } from '../device/index.js';
import type { TrainingStep } from './training_step.js';

/** Bytes of GPU memory. */
export interface MemoryNeed {
  /** Parameters, state of the optimizer, resident images. */
  readonly heldBytes: number;
  /** What one step works in beside them. */
  readonly stepBytes: number;
}

/**
 * Bytes that a step works in.
 * @param microBatch of the configuration, if it has one.
 * @throws DeviceMemoryError if the device cannot bind one of its tensors; names a micro-batch that would fit, if there is one.
 */
export async function workingBytes(
  trainingStep: TrainingStep,
  step: number,
  batch: BatchRange,
  microBatch: number | undefined,
): Promise<number> {
  try {
    return await trainingStep.plan(step, batch);
  } catch (error) {
    if (!(error instanceof DeviceMemoryError)) throw error;
    const fitting = await largestMicroBatch(trainingStep, step, batch, microBatch ?? batch.size);
    if (fitting === undefined) throw error;
    throw new DeviceMemoryError(error.message.replace('use a smaller batch', `a micro-batch of ${fitting} would fit`));
  }
}

/** Of the half of `size`, the quarter and so on, the first that the device can bind. */
async function largestMicroBatch(
  trainingStep: TrainingStep,
  step: number,
  batch: BatchRange,
  size: number,
): Promise<number | undefined> {
  for (let half = Math.floor(size / 2); half > 0; half = Math.floor(half / 2)) {
    try {
      await trainingStep.plan(step, batch, half);
      return half;
    } catch (error) {
      if (!(error instanceof DeviceMemoryError)) throw error;
    }
  }
  return undefined;
}
