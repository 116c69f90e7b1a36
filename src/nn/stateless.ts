// Operations without parameters as modules, so that a Sequential can hold them: they take a number in PyTorch's names.

import { maxPool2d, type Pool2dOptions, relu } from '../shaders/index.js';
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

export class MaxPool2d extends Module {
  constructor(private readonly options: Pool2dOptions) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}
