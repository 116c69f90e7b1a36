// Stochastic gradient descent with momentum (Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html) and weight
// decay as PyTorch's SGD, and the guard that freezes the parameters once a loss is not finite.

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { guard_loss, sgd_step, sgd_step_pair } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise, runKernelOn } from '../launch.js';

const stepKernel = kernel(sgd_step);
const pairKernel = kernel(sgd_step_pair);
const guardKernel = kernel(guard_loss);

/** Values of a parameter up to which it shares a dispatch. Gradients of larger ones would be kept longer: see `reorder`. */
const LARGEST_OF_PAIR = 16384;

/** A parameter, and its gradient and velocity of the same shape. */
export interface SgdUpdate {
  readonly parameter: Tensor;
  readonly grad: Tensor;
  readonly velocity: Tensor;
}

/**
 * One step, in place: g = grad + weightDecay * parameter; velocity = momentum * velocity + g;
 * parameter -= learningRate * (nesterov ? g + momentum * velocity : velocity). Nothing changes if guard[0] is not 0.
 * @param velocity of the parameter's shape, zeros before the first step, which then equals PyTorch's.
 * @param hyper f32 [4]: learning rate, momentum, weight decay, nesterov (0 or 1). A tensor, since it changes while steps repeat.
 * @param guard u32 [2]: see `guardLoss`.
 */
export function sgdStep(parameter: Tensor, grad: Tensor, velocity: Tensor, hyper: Tensor, guard: Tensor): void {
  check({ parameter, grad, velocity }, hyper, guard);
  runElementwise(stepKernel, { parameter, grad, velocity, hyper, guard }, parameter.size);
}

/** `sgdStep` of several parameters: small ones two to a dispatch, in their order. */
export function sgdSteps(updates: readonly SgdUpdate[], hyper: Tensor, guard: Tensor): void {
  let waiting: SgdUpdate | undefined;
  for (const update of updates) {
    if (update.parameter.size > LARGEST_OF_PAIR) {
      sgdStep(update.parameter, update.grad, update.velocity, hyper, guard);
    } else if (waiting) {
      stepPair(waiting, update, hyper, guard);
      waiting = undefined;
    } else {
      waiting = update;
    }
  }
  if (waiting) sgdStep(waiting.parameter, waiting.grad, waiting.velocity, hyper, guard);
}

function stepPair(a: SgdUpdate, b: SgdUpdate, hyper: Tensor, guard: Tensor): void {
  for (const update of [a, b]) check(update, hyper, guard);
  const tensors = {
    parameter_a: a.parameter,
    grad_a: a.grad,
    velocity_a: a.velocity,
    parameter_b: b.parameter,
    grad_b: b.grad,
    velocity_b: b.velocity,
    hyper,
    guard,
  };
  const [countA, countB] = [a, b].map(({ parameter }) => Math.ceil(parameter.size / 4));
  const workgroups = Math.ceil(Math.max(countA, countB) / pairKernel.constant('WORKGROUP_SIZE'));
  runKernelOn(pairKernel, tensors, { count_a: countA, count_b: countB }, [workgroups, 2]);
}

function check({ parameter, grad, velocity }: SgdUpdate, hyper: Tensor, guard: Tensor): void {
  checkTensor('sgdStep', 'grad', grad, 'f32', parameter.shape);
  checkTensor('sgdStep', 'velocity', velocity, 'f32', parameter.shape);
  checkTensor('sgdStep', 'hyper', hyper, 'f32', [4]);
  checkTensor('sgdStep', 'guard', guard, 'u32', [2]);
}

/**
 * Call once a step, before its `sgdSteps`. guard[1] counts the steps with a finite loss. The first loss that is not finite sets
 * guard[0] = 1 + its step (counted from 0), for good: `sgdStep` leaves the parameters as they were before that step.
 * @param loss f32 [1]; @param guard u32 [2], zeros before the first step.
 */
export function guardLoss(loss: Tensor, guard: Tensor): void {
  checkTensor('guardLoss', 'loss', loss, 'f32', [1]);
  checkTensor('guardLoss', 'guard', guard, 'u32', [2]);
  runKernelOn(guardKernel, { loss, guard }, {}, 1);
}
