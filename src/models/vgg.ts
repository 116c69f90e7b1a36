// VGG (Simonyan and Zisserman, ICLR 2015) for small images: configurations C and D with BatchNorm and a small classifier, and the
// "VGG-like" network, which is D with one hidden layer less.

import { InputError } from '../device/index.js';
import { BatchNorm, type LayerContext, Linear, MaxPool2d, type Mode, Module, ReLU, Sequential } from '../nn/index.js';
import { flatten } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import { type ConvContext, convBnRelu } from './convolution.js';
import type { ModelOptions } from './registry.js';

export type VggVariant = 'c' | 'd' | 'like';

/** Output channels of the five stages; each ends in a pooling that halves the image. */
const STAGES = [64, 128, 256, 512, 512];
const HIDDEN = 512;

export class Vgg extends Module {
  private readonly features: Sequential;
  private readonly classifier: Sequential;

  /** @throws InputError on images of which five poolings leave nothing. */
  constructor(context: LayerContext, variant: VggVariant, options: ModelOptions) {
    super();
    const { channels, height, width, classes, convBias } = options;
    const pooled = (extent: number) => Math.floor(extent / 2 ** STAGES.length);
    if (pooled(height) < 1 || pooled(width) < 1) {
      throw new InputError(`model vgg-${variant}: expected images of at least 32x32, got ${height}x${width}`);
    }
    const shared = { ...context, convBias };
    this.features = new Sequential(
      STAGES.flatMap((outChannels, i) => stage(shared, i === 0 ? channels : STAGES[i - 1], outChannels, variant)),
    );
    this.classifier = new Sequential([
      ...linearReluBn(context, STAGES[4] * pooled(height) * pooled(width), HIDDEN),
      ...(variant === 'like' ? [] : linearReluBn(context, HIDDEN, HIDDEN)),
      new Linear(context, HIDDEN, classes),
    ]);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    return this.classifier.forward(flatten(this.features.forward(x, mode)), mode);
  }
}

/** Two 3x3 convolutions, from 256 channels on three, of which C has the third 1x1. */
function stage(context: ConvContext, inChannels: number, outChannels: number, variant: VggVariant): Module[] {
  const kernels = outChannels < 256 ? [3, 3] : [3, 3, variant === 'c' ? 1 : 3];
  const convolutions = kernels.flatMap((kernel, i) =>
    convBnRelu(context, i === 0 ? inChannels : outChannels, outChannels, kernel),
  );
  return [...convolutions, new MaxPool2d({ kernel: 2 })];
}

function linearReluBn(context: LayerContext, inFeatures: number, outFeatures: number): Module[] {
  return [new Linear(context, inFeatures, outFeatures), new ReLU(), new BatchNorm(context, outFeatures)];
}
