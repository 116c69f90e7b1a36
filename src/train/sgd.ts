// Stochastic gradient descent with momentum and weight decay, as PyTorch's. State is one velocity for each trained value: a
// block weight's is as small as its blocks.

import type { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { sgdStep } from '../shaders/index.js';
import { keep, Tensor } from '../tensor/index.js';

export interface SgdOptions {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov?: boolean;
}

export class Sgd {
  private readonly slots: { name: string; parameter: Parameter; velocity: Tensor }[];
  /** f32 [4]: learning rate, momentum, weight decay, nesterov. On the GPU, since it changes while steps repeat. */
  private readonly hyper: Tensor;
  private learningRate = Number.NaN;

  constructor(
    device: Device,
    model: Module,
    private readonly options: SgdOptions,
  ) {
    this.slots = [...model.parameters()].map(([name, parameter]) => {
      return { name, parameter, velocity: keep(Tensor.zeros(device, parameter.shape)) };
    });
    this.hyper = keep(Tensor.empty(device, [4]));
  }

  setLearningRate(learningRate: number): void {
    if (learningRate === this.learningRate) return;
    const { momentum, weightDecay, nesterov = false } = this.options;
    this.hyper.write([learningRate, momentum, weightDecay, nesterov ? 1 : 0]);
    this.learningRate = learningRate;
  }

  /** Changes every parameter that has a gradient, and takes the gradient away. Does nothing once `guard` has tripped. */
  step(guard: Tensor): void {
    for (const { parameter, velocity } of this.slots) {
      if (!parameter.grad) continue;
      sgdStep(parameter, parameter.grad, velocity, this.hyper, guard);
      parameter.clearGrad();
    }
  }

  /** The velocity of a parameter, by its name; of the parameter's shape. */
  velocity(name: string): Tensor {
    const slot = this.slots.find((candidate) => candidate.name === name);
    if (!slot) throw new Error(`Sgd: expected the name of a parameter, got ${name}`);
    return slot.velocity;
  }

  /** All velocities by parameter name. */
  velocities(): [string, Tensor][] {
    return this.slots.map(({ name, velocity }) => [name, velocity]);
  }

  dispose(): void {
    for (const { velocity } of this.slots) velocity.dispose();
    this.hyper.dispose();
  }
}
