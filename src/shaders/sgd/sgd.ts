// Stochastic gradient descent with momentum (Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html) and weight
// decay as PyTorch's SGD, and the guard that freezes the parameters once a loss is not finite.

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { guard_loss, sgd_step } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise, runKernelOn } from '../launch.js';

const stepKernel = kernel(sgd_step);
const guardKernel = kernel(guard_loss);

/**
 * One step, in place: g = grad + weightDecay * parameter; velocity = momentum * velocity + g;
 * parameter -= learningRate * (nesterov ? g + momentum * velocity : velocity). Nothing changes if guard[0] is not 0.
 * @param velocity of the parameter's shape, zeros before the first step, which then equals PyTorch's.
 * @param hyper f32 [4]: learning rate, momentum, weight decay, nesterov (0 or 1). A tensor, since it changes while steps repeat.
 * @param guard u32 [2]: see `guardLoss`.
 */
export function sgdStep(parameter: Tensor, grad: Tensor, velocity: Tensor, hyper: Tensor, guard: Tensor): void {
  checkTensor('sgdStep', 'grad', grad, 'f32', parameter.shape);
  checkTensor('sgdStep', 'velocity', velocity, 'f32', parameter.shape);
  checkTensor('sgdStep', 'hyper', hyper, 'f32', [4]);
  checkTensor('sgdStep', 'guard', guard, 'u32', [2]);
  runElementwise(stepKernel, { parameter, grad, velocity, hyper, guard }, parameter.size);
}

/**
 * Call once a step, before its `sgdStep`s. guard[1] counts the steps with a finite loss. The first loss that is not finite sets
 * guard[0] = 1 + its step (counted from 0), for good: `sgdStep` leaves the parameters as they were before that step.
 * @param loss f32 [1]; @param guard u32 [2], zeros before the first step.
 */
export function guardLoss(loss: Tensor, guard: Tensor): void {
  checkTensor('guardLoss', 'loss', loss, 'f32', [1]);
  checkTensor('guardLoss', 'guard', guard, 'u32', [2]);
  runKernelOn(guardKernel, { loss, guard }, {}, 1);
}
