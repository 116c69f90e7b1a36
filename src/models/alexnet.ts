// AlexNet for small images, after Lee, Ajanthan and Torr, "SNIP" (ICLR 2019): strides in place of pooling, BatchNorm throughout.

import { BatchNorm, Identity, type LayerContext, Linear, type Mode, Module, Sequential } from '../nn/index.js';
import { flatten } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import { convBnRelu } from './convolution.js';
import type { ModelOptions } from './registry.js';

/** Five convolutions of stride 2 and two hidden layers of `hidden` units: 1024 in alexnet-s, 2048 in alexnet-b. */
export class AlexNet extends Module {
  private readonly features: Sequential;
  private readonly classifier: Sequential;

  constructor(context: LayerContext, hidden: number, options: ModelOptions) {
    super();
    const { channels, height, width, classes, convBias } = options;
    const shared = { ...context, convBias };
    // Each of the five halves the image, rounding up.
    this.features = new Sequential([
      ...convBnRelu(shared, channels, 96, 11, 2),
      ...convBnRelu(shared, 96, 256, 5, 2),
      ...convBnRelu(shared, 256, 384, 3, 2),
      ...convBnRelu(shared, 384, 384, 3, 2),
      ...convBnRelu(shared, 384, 256, 3, 2),
    ]);
    this.classifier = new Sequential([
      ...linearBnRelu(context, 256 * Math.ceil(height / 32) * Math.ceil(width / 32), hidden),
      ...linearBnRelu(context, hidden, hidden),
      new Linear(context, hidden, classes),
    ]);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    return this.classifier.forward(flatten(this.features.forward(x, mode)), mode);
  }
}

function linearBnRelu(context: LayerContext, inFeatures: number, outFeatures: number): Module[] {
  return [
    new Linear(context, inFeatures, outFeatures),
    new BatchNorm(context, outFeatures, { relu: true }),
    new Identity(),
  ];
}
