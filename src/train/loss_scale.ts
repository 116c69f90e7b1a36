// Dynamic loss scaling of a model that is trained in f16, and the watch over its gradients: which steps were left out, and where in the
// network the first gradient was not finite.

import type { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import type { Module } from '../nn/index.js';
import {
  LOGGED_OVERFLOWS,
  type LossScaleState,
  OVERFLOW_WORDS,
  settleLossScale,
  unscaleGradient,
} from '../shaders/index.js';
import { keep, Tensor } from '../tensor/index.js';

/** A step that was left out. */
export interface Overflow {
  readonly step: number;
  /** Whose gradient was not finite: of several, the one that comes first in the backward pass. */
  readonly parameter: string;
  /** Of that step; half of it from then on. */
  readonly lossScale: number;
}

export interface LossScaleOptions {
  /** A power of two. Default 65536. */
  readonly initial?: number;
  /** Steps without overflow after which the scale is doubled. Default 2000, as in PyTorch. */
  readonly growthInterval?: number;
}

const INITIAL = 65536;
const GROWTH_INTERVAL = 2000;

export class LossScale {
  private readonly parameters: readonly (readonly [name: string, Parameter])[];
  private readonly tensors: LossScaleState;
  private readonly growthInterval: number;
  /** Overflows that `news` has told of. */
  private told = 0;

  constructor(device: Device, model: Module, options: LossScaleOptions = {}) {
    const { initial = INITIAL, growthInterval = GROWTH_INTERVAL } = options;
    this.parameters = [...model.parameters()];
    this.growthInterval = growthInterval;
    const zeros = (size: number) => keep(Tensor.zeros(device, [size], 'u32'));
    this.tensors = {
      scale: keep(Tensor.from(device, [initial], [1])),
      goodSteps: zeros(1),
      watch: zeros(1),
      overflows: zeros(1 + LOGGED_OVERFLOWS * OVERFLOW_WORDS),
      gate: zeros(2),
    };
  }

  /** f32 [1]: the gradient of the loss, for `backward`. */
  get scale(): Tensor {
    return this.tensors.scale;
  }

  /**
   * After the backward pass: takes the scale out of all gradients.
   * @param guard see `guardLoss`.
   * @returns what the optimizer takes for the guard: it has tripped if the step is to be left out.
   */
  settle(guard: Tensor): Tensor {
    for (const [index, [, parameter]] of this.parameters.entries()) {
      const { grad } = parameter;
      if (!grad) continue;
      // Not in place: another parameter may have the same gradient.
      const unscaled = keep(unscaleGradient(grad, index, this.tensors));
      parameter.clearGrad();
      parameter.grad = unscaled;
    }
    settleLossScale(this.tensors, guard, this.growthInterval);
    return this.tensors.gate;
  }

  /** The gradient of a weight as a growth score: without the scale, and 0 where it is not finite. @param name of the parameter. */
  unscaled(name: string, gradient: Tensor): Tensor {
    const index = this.parameters.findIndex(([candidate]) => candidate === name);
    return unscaleGradient(gradient, index, this.tensors);
  }

  /** Overflows since it was last asked; to be asked at least every LOGGED_OVERFLOWS steps. */
  async news(): Promise<Overflow[]> {
    const [count, ...log] = (await this.tensors.overflows.read()) as Uint32Array;
    const first = Math.max(this.told, count - LOGGED_OVERFLOWS);
    this.told = count;
    return Array.from({ length: count - first }, (_, i) => {
      const entry = ((first + i) % LOGGED_OVERFLOWS) * OVERFLOW_WORDS;
      const [lossScale] = new Float32Array(Uint32Array.of(log[entry + 2]).buffer);
      return { step: log[entry], parameter: this.parameters[log[entry + 1]][0], lossScale };
    });
  }

  /** By name in checkpoints. */
  state(): [string, Tensor][] {
    const { scale, goodSteps } = this.tensors;
    return [
      ['optimizer.lossScale', scale],
      ['optimizer.stepsSinceLossScale', goodSteps],
    ];
  }

  dispose(): void {
    for (const tensor of Object.values(this.tensors)) tensor.dispose();
  }
}
