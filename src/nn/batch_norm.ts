// Batch normalisation (Ioffe and Szegedy, ICML 2015) with PyTorch's running statistics, for features [F,N] and images [C,H,W,N]; and
// the ReLU that often follows.

import { Parameter } from '../autograd/index.js';
import { batchNorm, checkOptions } from '../shaders/index.js';
import { keep, Tensor } from '../tensor/index.js';
import type { LayerContext } from './layer.js';
import { type Mode, Module, Statistic } from './module.js';

export class BatchNorm extends Module {
  private readonly relu: boolean | undefined;
  readonly weight: Parameter;
  readonly bias: Parameter;
  // PyTorch's names, since they are those of the state dict.
  readonly running_mean: Statistic;
  readonly running_var: Statistic;

  /** @param options with `relu`, what comes out is no less than 0; `scale` is the weight's first value, 1 if not given. */
  constructor(
    { device }: LayerContext,
    channels: number,
    options: { readonly relu?: boolean; readonly scale?: number } = {},
  ) {
    checkOptions('BatchNorm', options, ['relu', 'scale']);
    super();
    const { relu, scale = 1 } = options;
    const ones = new Float32Array(channels).fill(1);
    this.relu = relu;
    this.weight = new Parameter(Tensor.from(device, new Float32Array(channels).fill(scale), [channels]));
    this.bias = new Parameter(Tensor.zeros(device, [channels]));
    this.running_mean = new Statistic(keep(Tensor.zeros(device, [channels])));
    this.running_var = new Statistic(keep(Tensor.from(device, ones, [channels])));
  }

  /** @param addend added to the result, before ReLU: a residual connection. */
  override forward(x: Tensor, { training }: Mode, addend?: Tensor): Tensor {
    const running = { mean: this.running_mean.tensor, variance: this.running_var.tensor };
    return batchNorm(x, this.weight, this.bias, running, { training, addend, relu: this.relu });
  }
}
