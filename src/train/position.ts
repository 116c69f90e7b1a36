// Where a run stands, beside its tensors.

import { InputError } from '../device/index.js';

export interface Position {
  /** Steps done. */
  readonly step: number;
  /** Epochs that have been evaluated. After the last step of an epoch, and before its evaluation, it does not count yet. */
  readonly finishedEpochs: number;
  /** The first epoch of the highest accuracy so far on the images that are evaluated: see `EpochEvent`. */
  readonly best?: { readonly epoch: number; readonly testAccuracy: number };
}

/**
 * Where a run of this length goes on that stood there. An epoch that ended early, because the run did, is gone on with if the run is
 * longer now.
 * @throws InputError if no such run can stand there.
 */
export function resumedPosition(
  { step, finishedEpochs, best }: Position,
  stepsPerEpoch: number,
  totalSteps: number,
): Position {
  const whole = Math.floor(step / stepsPerEpoch);
  const isPlace = finishedEpochs === whole || finishedEpochs === Math.ceil(step / stepsPerEpoch);
  const isBeforeEvaluation = step > 0 && step % stepsPerEpoch === 0 && finishedEpochs === whole - 1;
  if (!isPlace && !isBeforeEvaluation) {
    throw new InputError(
      `step ${step} with ${stepsPerEpoch} steps an epoch: expected ${whole} finished epochs, got ${finishedEpochs}`,
    );
  }
  const isLonger = step < totalSteps;
  return { step, finishedEpochs: isLonger ? Math.min(finishedEpochs, whole) : finishedEpochs, best };
}
