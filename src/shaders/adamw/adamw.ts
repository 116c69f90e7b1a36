// AdamW (Loshchilov and Hutter, ICLR 2019, https://arxiv.org/abs/1711.05101) as PyTorch's.

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { adamw_correction, adamw_step } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise, runKernelOn } from '../launch.js';

const stepKernel = kernel(adamw_step);
const correctionKernel = kernel(adamw_correction);

export interface AdamwHyper {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly epsilon: number;
  /** Decay of the first and of the second moment, each in [0, 1). */
  readonly betas: readonly [number, number];
}

/** The contents of `hyper`, f32 [7]. 1 - beta is rounded once, instead of the difference of rounded numbers. */
export function adamwHyper({ learningRate, weightDecay, epsilon, betas: [beta1, beta2] }: AdamwHyper): number[] {
  return [learningRate, weightDecay, epsilon, beta1, 1 - beta1, beta2, 1 - beta2];
}

/** The two moments of a parameter, f32 of its shape; zeros before the first step. */
export interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** What all parameters share. */
export interface AdamwState {
  /** f32 [2]: see `adamwCorrection`; zeros before the first step. */
  readonly correction: Tensor;
  /** f32 [7]: see `adamwHyper`. A tensor, since it changes while steps repeat. */
  readonly hyper: Tensor;
  /** u32 [2]: see `guardLoss`. Nothing changes if guard[0] is not 0. */
  readonly guard: Tensor;
}

/** Call once a step, before its `adamwStep`s: correction = (1 - beta1^t, 1 - beta2^t) for the step t, counted from 1. */
export function adamwCorrection({ correction, hyper, guard }: AdamwState): void {
  checkState('adamwCorrection', { correction, hyper, guard });
  runKernelOn(correctionKernel, { correction, hyper, guard }, {}, 1);
}

/**
 * One step, in place: m = beta1 * m + (1 - beta1) * grad; v = beta2 * v + (1 - beta2) * grad^2;
 * parameter -= learningRate * (weightDecay * parameter + (m / correction[0]) / (sqrt(v / correction[1]) + epsilon)).
 */
export function adamwStep(parameter: Tensor, grad: Tensor, { first, second }: Moments, state: AdamwState): void {
  checkTensor('adamwStep', 'grad', grad, 'f32', parameter.shape);
  checkTensor('adamwStep', 'first moment', first, 'f32', parameter.shape);
  checkTensor('adamwStep', 'second moment', second, 'f32', parameter.shape);
  checkState('adamwStep', state);
  const { correction, hyper, guard } = state;
  const tensors = { parameter, grad, first_moment: first, second_moment: second, correction, hyper, guard };
  runElementwise(stepKernel, tensors, parameter.size);
}

function checkState(operation: string, { correction, hyper, guard }: AdamwState): void {
  checkTensor(operation, 'correction', correction, 'f32', [2]);
  checkTensor(operation, 'hyper', hyper, 'f32', [7]);
  checkTensor(operation, 'guard', guard, 'u32', [2]);
}
