// Linear layer: x [F,N], weight [O,F], bias [O] -> y [O,N].

import { formatShape, type Tensor } from '../../tensor/index.js';
import { addBias } from '../add_bias/add_bias.js';
import { matmul } from '../matmul/matmul.js';

/** y = weight * x + bias, batch last; the weight has PyTorch's order. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (x.shape.length !== 2) throw new Error(`linear: expected x [F,N], got ${formatShape(x.shape)}`);
  if (weight.shape.length !== 2) throw new Error(`linear: expected a weight [O,F], got ${formatShape(weight.shape)}`);
  if (x.shape[0] !== weight.shape[1]) {
    throw new Error(
      `linear: expected ${weight.shape[1]} features, got ${x.shape[0]} (x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)})`,
    );
  }
  const y = matmul(weight, x);
  return bias ? addBias(y, bias) : y;
}
