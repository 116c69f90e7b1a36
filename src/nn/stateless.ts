// Operations without parameters as modules, so that a Sequential can hold them: they take a number in PyTorch's names.

import { avgPool2d, flatten, globalAvgPool2d, maxPool2d, type Pool2dOptions, relu } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import { Module } from './module.js';

export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** Holds the number of a part that another computes, such as the ReLU of a BatchNorm. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** x [C,H,W,N] -> [C*H*W,N]. */
export class Flatten extends Module {
  override forward(x: Tensor): Tensor {
    return flatten(x);
  }
}

/** Mean of each channel: x [C,H,W,N] -> [C,N]. */
export class GlobalAvgPool2d extends Module {
  override forward(x: Tensor): Tensor {
    return globalAvgPool2d(x);
  }
}

export class AvgPool2d extends Module {
  constructor(private readonly options: Pool2dOptions) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
  }
}

export class MaxPool2d extends Module {
  constructor(private readonly options: Pool2dOptions) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}
