// Linear layer: x [F,N], weight [O,F], bias [O] -> y [O,N]. A 1x1 convolution of one pixel.

import { formatShape, type Tensor } from '../../tensor/index.js';
import { conv2d } from '../conv2d/conv2d.js';
import { reshape } from '../reshape/reshape.js';

/** y = weight * x + bias, batch last; the weight has PyTorch's order. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (x.shape.length !== 2) throw new Error(`linear: expected x [F,N], got ${formatShape(x.shape)}`);
  if (weight.shape.length !== 2) throw new Error(`linear: expected a weight [O,F], got ${formatShape(weight.shape)}`);
  if (x.shape[0] !== weight.shape[1]) {
    throw new Error(
      `linear: expected ${weight.shape[1]} features, got ${x.shape[0]} (x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
    );
  }
  const [outputs, features] = weight.shape;
  const batch = x.shape[1];
  const y = conv2d(reshape(x, [features, 1, 1, batch]), reshape(weight, [outputs, features, 1, 1]), { bias });
  return reshape(y, [outputs, batch]);
}
