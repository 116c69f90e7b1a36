// Layers that can be sparse: two-dimensional convolution and linear, each with a `weight` in one of three forms and a bias.

import { Parameter } from '../autograd/index.js';
import { type Device, InputError } from '../device/index.js';
import { type Conv2dOptions, checkOptions, reshape } from '../shaders/index.js';
import { formatShape, type Random, type Shape, sizeOf, Tensor } from '../tensor/index.js';
import { type Initializer, kaimingUniform } from './initialization.js';
import { type Mode, Module } from './module.js';
import { DenseWeight, type Weight } from './weight.js';
import type { WeightBudget } from './weight_budget.js';

/** Where a layer's first values come from. */
export interface LayerContext {
  readonly device: Device;
  readonly random: Random;
  /** Of a network that a file names. */
  readonly budget?: WeightBudget;
}

export interface LayerOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Default `kaimingUniform`, for both. */
  readonly initializeWeight?: Initializer;
  readonly initializeBias?: Initializer;
}

const LAYER_OPTIONS = ['bias', 'initializeWeight', 'initializeBias'] as const;

/** A layer of which a method may prune weights. */
export abstract class SparsifiableLayer extends Module {
  weight: Weight;
  readonly bias: Parameter | undefined;

  /** @throws InputError if the device cannot bind so large a weight; no memory is taken for it. */
  protected constructor({ device, random, budget }: LayerContext, shape: Shape, options: LayerOptions) {
    super();
    const { bias = true, initializeWeight = kaimingUniform, initializeBias = kaimingUniform } = options;
    checkSize(device, shape);
    budget?.take(sizeOf(shape));
    this.weight = new DenseWeight(device, initializeWeight(shape, shape, random), shape);
    if (bias) this.bias = new Parameter(Tensor.from(device, initializeBias([shape[0]], shape, random), [shape[0]]));
  }

  override ownParameters(): [string, Parameter][] {
    const weight: [string, Parameter] = ['weight', this.weight.parameter];
    return this.bias ? [weight, ['bias', this.bias]] : [weight];
  }

  /** Puts another weight of the same shape in the place of the present one. */
  replaceWeight(weight: Weight): void {
    this.weight.dispose();
    this.weight = weight;
  }

  override dispose(): void {
    this.weight.dispose();
    this.bias?.dispose();
  }
}

function checkSize(device: Device, shape: Shape): void {
  const most = device.limit('maxStorageBufferBindingSize');
  const sizeBytes = 4 * sizeOf(shape);
  if (sizeBytes <= most) return;
  throw new InputError(
    `a layer's weight ${formatShape(shape)}: expected at most ${most} bytes, which is what this adapter binds, got ${sizeBytes}`,
  );
}

export interface Conv2dLayerOptions extends LayerOptions, Pick<Conv2dOptions, 'stride' | 'padding'> {
  /** A BatchNorm follows, of nothing but the result: in training, the convolution then takes the statistics along. Default false. */
  readonly feedsBatchNorm?: boolean;
}

/** x [I,H,W,N] -> [O,OH,OW,N], as PyTorch's `Conv2d`. */
export class Conv2d extends SparsifiableLayer {
  constructor(
    context: LayerContext,
    inChannels: number,
    outChannels: number,
    kernel: number,
    readonly options: Conv2dLayerOptions = {},
  ) {
    checkOptions('Conv2d', options, [...LAYER_OPTIONS, 'stride', 'padding', 'feedsBatchNorm']);
    super(context, [outChannels, inChannels, kernel, kernel], options);
  }

  /** @param mode if not given, that of evaluation. @param addend added to the result: a residual connection. */
  override forward(x: Tensor, mode?: Mode, addend?: Tensor): Tensor {
    const { stride, padding, feedsBatchNorm } = this.options;
    const statistics = feedsBatchNorm && mode?.training;
    return this.weight.convolve(x, { stride, padding, bias: this.bias, addend, statistics });
  }
}

/** x [I,N] -> [O,N], as PyTorch's `Linear`. */
export class Linear extends SparsifiableLayer {
  constructor(context: LayerContext, inFeatures: number, outFeatures: number, options: LayerOptions = {}) {
    checkOptions('Linear', options, LAYER_OPTIONS);
    super(context, [outFeatures, inFeatures], options);
  }

  override forward(x: Tensor): Tensor {
    const [features, batch] = x.shape;
    const y = this.weight.convolve(reshape(x, [features, 1, 1, batch]), { bias: this.bias });
    return reshape(y, [this.weight.shape[0], batch]);
  }
}
