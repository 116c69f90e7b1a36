// Dynamic loss scaling (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740): the loss is multiplied by a scale before the backward
// pass, so that gradients of f16 do not vanish, and steps whose gradients overflow are left out. All of it is decided on the GPU.

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { settle_loss_scale, unscale_gradient } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise, runKernelOn } from '../launch.js';

const unscaleKernel = kernel(unscale_gradient);
const settleKernel = kernel(settle_loss_scale);

/** Overflows that `LossScaleState.overflows` remembers. */
export const LOGGED_OVERFLOWS = settleKernel.constant('LOGGED');
/** Words of one: step, index of the parameter, bits of the scale. */
export const OVERFLOW_WORDS = settleKernel.constant('ENTRY');

export interface LossScaleState {
  /** f32 [1], a power of two: the gradient of the loss, for `backward`. */
  readonly scale: Tensor;
  /** u32 [1]: steps without overflow since the scale last changed. */
  readonly goodSteps: Tensor;
  /** u32 [1]: 1 + the highest index of a parameter whose gradient was not finite in this step; 0 between steps. */
  readonly watch: Tensor;
  /** u32 [1 + LOGGED_OVERFLOWS * OVERFLOW_WORDS]: how many there were, then the last ones, number i at place i % LOGGED_OVERFLOWS. */
  readonly overflows: Tensor;
  /** u32 [2]: after `settleLossScale`, what optimizers take for the guard in this step. */
  readonly gate: Tensor;
}

/**
 * grad / scale, exactly, with 0 in the place of what is not finite, which the watch then knows of. f32 of any shape.
 * @param index of the parameter: in the order of the forward pass, so that the highest is the first in the backward pass.
 */
export function unscaleGradient(grad: Tensor, index: number, { scale, watch }: LossScaleState): Tensor {
  checkTensor('unscaleGradient', 'grad', grad, 'f32', grad.shape);
  checkTensor('unscaleGradient', 'scale', scale, 'f32', [1]);
  checkTensor('unscaleGradient', 'watch', watch, 'u32', [1]);
  const y = Tensor.empty(grad.device, grad.shape);
  runElementwise(unscaleKernel, { grad, scale, y, watch }, grad.size, { size: grad.size, index });
  return y;
}

/**
 * After every gradient of a step has been unscaled, and before the optimizer: decides on the step, and on the next scale.
 * @param guard u32 [2], of `guardLoss`, which has seen the loss of this step.
 * @param growthInterval steps without overflow after which the scale is doubled.
 */
export function settleLossScale(state: LossScaleState, guard: Tensor, growthInterval: number): void {
  const { scale, goodSteps, watch, overflows, gate } = state;
  checkTensor('settleLossScale', 'scale', scale, 'f32', [1]);
  checkTensor('settleLossScale', 'goodSteps', goodSteps, 'u32', [1]);
  checkTensor('settleLossScale', 'watch', watch, 'u32', [1]);
  checkTensor('settleLossScale', 'overflows', overflows, 'u32', [1 + LOGGED_OVERFLOWS * OVERFLOW_WORDS]);
  checkTensor('settleLossScale', 'guard', guard, 'u32', [2]);
  checkTensor('settleLossScale', 'gate', gate, 'u32', [2]);
  const tensors = { scale, good_steps: goodSteps, watch, overflows, guard, gate };
  runKernelOn(settleKernel, tensors, { growth_interval: growthInterval }, 1);
}
