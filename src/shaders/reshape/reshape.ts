// The same elements under another shape. No shader: the result shares the buffer of its input.

import { record } from '../../autograd/index.js';
import type { Shape, Tensor } from '../../tensor/index.js';

/** A view of x under `shape`, of the same number of elements. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return record('reshape', x.view(shape), [x], (gradOutput) => [gradOutput.view(x.shape)]);
}

/** x [C,H,W,N] -> [C*H*W, N]: free, and in PyTorch's feature order. */
export function flatten(x: Tensor): Tensor {
  const batch = x.shape[x.shape.length - 1];
  return reshape(x, [x.size / batch, batch]);
}
