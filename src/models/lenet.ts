// The convolutional network of LeCun et al., "Gradient-based learning applied to document recognition" (1998).

import { Conv2d, type LayerContext, Linear, Module } from '../nn/index.js';
import { flatten, maxPool2d, relu } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import type { ModelOptions } from './registry.js';

/** LeNet-5 as Caffe has it: two 5x5 convolutions without padding, max pooling, two linear layers, ReLU. */
export class LeNet5 extends Module {
  private readonly conv1: Conv2d;
  private readonly conv2: Conv2d;
  private readonly fc3: Linear;
  private readonly fc4: Linear;

  constructor(context: LayerContext, { channels, height, width, classes }: ModelOptions) {
    super();
    const pooled = (extent: number) => Math.floor((extent - 4) / 2);
    const features = 50 * pooled(pooled(height)) * pooled(pooled(width));
    this.conv1 = new Conv2d(context, channels, 20, 5);
    this.conv2 = new Conv2d(context, 20, 50, 5);
    this.fc3 = new Linear(context, features, 500);
    this.fc4 = new Linear(context, 500, classes);
  }

  override forward(x: Tensor): Tensor {
    // ReLU after pooling: the same values and gradients as before it, for a quarter of the work.
    const first = relu(maxPool2d(this.conv1.forward(x), { kernel: 2 }));
    const second = relu(maxPool2d(this.conv2.forward(first), { kernel: 2 }));
    return this.fc4.forward(relu(this.fc3.forward(flatten(second))));
  }
}
