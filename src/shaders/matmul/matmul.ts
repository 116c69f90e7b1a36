// Matrix product: a [M,K] times b [K,N]. It is a 1x1 convolution of one pixel with K channels and a batch of N.

import { formatShape, type Shape, type Tensor } from '../../tensor/index.js';
import { conv2d } from '../conv2d/conv2d.js';
import { reshape } from '../reshape/reshape.js';

function matmulShape(a: Shape, b: Shape): Shape {
  if (a.length !== 2 || b.length !== 2) {
    throw new Error(`matmul: expected two matrices, got ${formatShape(a)} and ${formatShape(b)}`);
  }
  if (a[1] !== b[0])
    throw new Error(`matmul: expected ${a[1]} rows in b, got ${b[0]} (a ${formatShape(a)}, b ${formatShape(b)})`);
  return [a[0], b[1]];
}

/** y[m, n] = sum over k of a[m, k] * b[k, n], in the type of b; a is f32. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const yShape = matmulShape(a.shape, b.shape);
  const [m, k] = a.shape;
  const product = conv2d(reshape(b, [k, 1, 1, b.shape[1]]), reshape(a, [m, k, 1, 1]));
  return reshape(product, yShape);
}
