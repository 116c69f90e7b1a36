// Stochastic gradient descent with momentum and weight decay, as PyTorch's. State is one velocity for each trained value: a
// block weight's is as small as its blocks.

import type { Device } from '../../device/index.js';
import type { Module } from '../../nn/index.js';
import { sgdSteps } from '../../shaders/index.js';
import { keep, Tensor } from '../../tensor/index.js';
import type { Optimizer } from './optimizer.js';
import { ParameterState } from './parameter_state.js';

export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Default false. */
  readonly nesterov?: boolean;
}

export class Sgd implements Optimizer {
  private readonly velocities: ParameterState;
  /** f32 [4]: learning rate, momentum, weight decay, nesterov. On the GPU, since it changes while steps repeat. */
  private readonly hyper: Tensor;
  /** A guard that never trips. */
  private readonly open: Tensor;
  private learningRate = Number.NaN;

  constructor(
    device: Device,
    model: Module,
    private readonly options: SgdOptions = {},
  ) {
    this.velocities = new ParameterState(model, ['velocity']);
    this.open = keep(Tensor.zeros(device, [2], 'u32'));
    this.hyper = keep(Tensor.zeros(device, [4]));
  }

  setLearningRate(learningRate: number): void {
    if (learningRate === this.learningRate) return;
    const { momentum = 0, weightDecay = 0, nesterov = false } = this.options;
    this.hyper.write([learningRate, momentum, weightDecay, nesterov ? 1 : 0]);
    this.learningRate = learningRate;
  }

  step(guard = this.open): void {
    if (Number.isNaN(this.learningRate)) throw new Error('step: expected setLearningRate before the first one');
    const updates = this.velocities.entries.flatMap(({ parameter, slots: [velocity] }) =>
      parameter.grad ? [{ parameter, grad: parameter.grad, velocity }] : [],
    );
    sgdSteps(updates, this.hyper, guard);
    for (const { parameter } of updates) parameter.clearGrad();
  }

  slots(name: string): readonly Tensor[] {
    return this.velocities.slots(name);
  }

  state(): [string, Tensor][] {
    return this.velocities.named('optimizer.');
  }

  dispose(): void {
    this.velocities.dispose();
    this.hyper.dispose();
    this.open.dispose();
  }
}
