// AdamW, as PyTorch's. State is two moments for each trained value, and the two corrections of their start from zero.

import type { Device } from '../../device/index.js';
import type { Module } from '../../nn/index.js';
import { adamwCorrection, adamwHyper, adamwStep } from '../../shaders/index.js';
import { keep, Tensor } from '../../tensor/index.js';
import type { Optimizer } from './optimizer.js';
import { ParameterState } from './parameter_state.js';

export interface AdamwOptions {
  /** Default 0.01. */
  readonly weightDecay?: number;
  /** Decay of the first and of the second moment. Default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
}

export class Adamw implements Optimizer {
  private readonly moments: ParameterState;
  /** f32 [2]: see `adamwCorrection`. On the GPU, as are the hyper-parameters, since they change while steps repeat. */
  private readonly correction: Tensor;
  /** f32 [7]: see `adamwHyper`. */
  private readonly hyper: Tensor;
  /** A guard that never trips. */
  private readonly open: Tensor;
  private learningRate = Number.NaN;

  constructor(
    device: Device,
    model: Module,
    private readonly options: AdamwOptions = {},
  ) {
    this.moments = new ParameterState(model, ['m', 'v']);
    this.correction = keep(Tensor.zeros(device, [2]));
    this.open = keep(Tensor.zeros(device, [2], 'u32'));
    this.hyper = keep(Tensor.zeros(device, [7]));
  }

  setLearningRate(learningRate: number): void {
    if (learningRate === this.learningRate) return;
    const { weightDecay = 0.01, betas = [0.9, 0.999], epsilon = 1e-8 } = this.options;
    this.hyper.write(adamwHyper({ learningRate, weightDecay, betas, epsilon }));
    this.learningRate = learningRate;
  }

  step(guard = this.open): void {
    if (Number.isNaN(this.learningRate)) throw new Error('step: expected setLearningRate before the first one');
    const shared = { correction: this.correction, hyper: this.hyper, guard };
    adamwCorrection(shared);
    for (const { parameter, slots } of this.moments.entries) {
      if (!parameter.grad) continue;
      const [first, second] = slots;
      adamwStep(parameter, parameter.grad, { first, second }, shared);
      parameter.clearGrad();
    }
  }

  slots(name: string): readonly Tensor[] {
    return this.moments.slots(name);
  }

  state(): [string, Tensor][] {
    return [['optimizer.correction', this.correction], ...this.moments.named('optimizer.')];
  }

  dispose(): void {
    this.moments.dispose();
    this.correction.dispose();
    this.hyper.dispose();
    this.open.dispose();
  }
}
