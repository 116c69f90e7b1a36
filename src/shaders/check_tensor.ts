// Shape rule of operations whose operands have fixed element types: a label read as a float would train without complaint.

import { type DType, formatShape, type Shape, sameShape, type Tensor } from '../tensor/index.js';

/** Throws `crossEntropy: expected labels u32 [8], got f32 [8]` unless the tensor is what the operation reads. */
export function checkTensor(operation: string, name: string, tensor: Tensor, dtype: DType, shape: Shape): void {
  if (tensor.dtype === dtype && sameShape(tensor.shape, shape)) return;
  const got = `${tensor.dtype} ${formatShape(tensor.shape)}`;
  throw new Error(`${operation}: expected ${name} ${dtype} ${formatShape(shape)}, got ${got}`);
}

/** Classes and samples of logits f32 [K,N]. */
export function checkLogits(operation: string, logits: Tensor): { classes: number; samples: number } {
  if (logits.dtype !== 'f32' || logits.shape.length !== 2 || logits.size === 0) {
    const got = `${logits.dtype} ${formatShape(logits.shape)}`;
    throw new Error(`${operation}: expected logits f32 [K,N] with at least one of each, got ${got}`);
  }
  const [classes, samples] = logits.shape;
  return { classes, samples };
}
