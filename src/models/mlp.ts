// Networks of linear layers alone.

import { type LayerContext, Linear, Module } from '../nn/index.js';
import { flatten, relu } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import type { ModelOptions } from './registry.js';

/** Two hidden layers, ReLU: 300 and 100 units in LeCun's LeNet-300-100, 1024 and 512 in the original program's MLP-CIFAR10. */
export class Mlp extends Module {
  private readonly fc1: Linear;
  private readonly fc2: Linear;
  private readonly fc3: Linear;

  constructor(
    context: LayerContext,
    hidden: readonly [number, number],
    { channels, height, width, classes }: ModelOptions,
  ) {
    super();
    this.fc1 = new Linear(context, channels * height * width, hidden[0]);
    this.fc2 = new Linear(context, hidden[0], hidden[1]);
    this.fc3 = new Linear(context, hidden[1], classes);
  }

  override forward(x: Tensor): Tensor {
    return this.fc3.forward(relu(this.fc2.forward(relu(this.fc1.forward(flatten(x))))));
  }
}
