// What a forward convolution does with its sums before they leave the registers: conv2d_gather and block_conv2d_forward.

import type { Kernel } from '../../device/index.js';
import type { ActivationType, Shape, Tensor } from '../../tensor/index.js';
import { checkTensor } from '../check_tensor.js';

export interface Epilogue {
  /** [O], f32. */
  readonly bias?: Tensor;
  /** Of the shape and type of y; not with a bias, whose binding it has. */
  readonly addend?: Tensor;
  /** Whether to note statistics of y: see `takeStatistics`. */
  readonly statistics?: boolean;
}

/** @param shape, dtype of the result. */
export function checkEpilogue(
  operation: string,
  { bias, addend }: Epilogue,
  shape: Shape,
  dtype: ActivationType,
): void {
  if (bias) checkTensor(operation, 'bias', bias, 'f32', [shape[0]]);
  if (addend) checkTensor(operation, 'addend', addend, dtype, shape);
}

/** The variant of a kernel. */
export function withEpilogue(kernel: Kernel, { bias, addend, statistics }: Epilogue): Kernel {
  return kernel.with({
    BIAS: bias ? 1 : 0,
    ADDEND: addend ? 1 : 0,
    Added: addend ? 'Stored' : 'f32',
    STATISTICS: statistics ? 1 : 0,
  });
}
