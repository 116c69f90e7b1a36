// How a layer holds its weight: dense here; masked and in shuffled blocks in the files beside. A layer neither knows nor asks which.

import { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import { type Conv2dOptions, conv2d, reshape } from '../shaders/index.js';
import { type Shape, sizeOf, Tensor } from '../tensor/index.js';

export interface Weight {
  /** PyTorch's: [O,I,KH,KW] or [O,I]. */
  readonly shape: Shape;
  /** What is trained: the dense weight, or the values of its blocks. */
  readonly parameter: Parameter;
  /** Weights that are not pruned. */
  readonly numActive: number;
  /** For people: `dense`, `mask`, `12 blocks of 16`. */
  readonly pattern: string;
  /** x [I,H,W,N] -> [O,OH,OW,N]; a linear layer's weight is a 1x1 kernel. */
  convolve(x: Tensor, options: Conv2dOptions): Tensor;
  /** The values in `shape`'s order, zeros where pruned. */
  readDense(): Promise<Float32Array>;
  dispose(): void;
}

/** A weight whose topology can be updated. */
export interface SparseWeight extends Weight {
  /** Rows that keep no weight: outputs that say nothing but their bias. */
  readonly emptyRows: number;
  /** While set, called in every backward pass with the dense gradient, which it keeps by `keep(gradient.view(...))`. */
  onDenseGradient: ((gradient: Tensor) => void) | undefined;
}

/** A weight as a matrix: O rows, everything else columns. */
export function matrixOf(shape: Shape): { rows: number; columns: number } {
  return { rows: shape[0], columns: sizeOf(shape.slice(1)) };
}

/** [O,I,KH,KW], with a 1x1 kernel for a linear layer. */
export function kernelShape(shape: Shape): Shape {
  return shape.length === 2 ? [...shape, 1, 1] : shape;
}

export class DenseWeight implements Weight {
  readonly pattern = 'dense';
  readonly parameter: Parameter;

  constructor(
    device: Device,
    values: Float32Array,
    readonly shape: Shape,
  ) {
    this.parameter = new Parameter(Tensor.from(device, values, shape));
  }

  get numActive(): number {
    return this.parameter.size;
  }

  convolve(x: Tensor, options: Conv2dOptions): Tensor {
    return conv2d(x, reshape(this.parameter, kernelShape(this.shape)), options);
  }

  readDense(): Promise<Float32Array> {
    return this.parameter.readFloats();
  }

  dispose(): void {
    this.parameter.dispose();
  }
}
