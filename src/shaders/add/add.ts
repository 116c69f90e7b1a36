// Elementwise sum of two tensors of one shape: the residual connection.

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { add_forward } from '../../wgsl.generated.js';
import { activationType, forType, runElementwise, sameShapeRule } from '../launch.js';

const forwardKernel = kernel(add_forward);

/** y = a + b. Gradients: grad_a = grad_b = grad_y. */
export function add(a: Tensor, b: Tensor): Tensor {
  const dtype = activationType('add', a, b);
  const y = Tensor.empty(a.device, sameShapeRule('add', a.shape, b.shape), dtype);
  runElementwise(forType(forwardKernel, dtype), { a, b, y }, y.size);
  return record('add', y, [a, b], (gradOutput) => [gradOutput, gradOutput]);
}
