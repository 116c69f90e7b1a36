// Elementwise product of two tensors of one shape.

import { needsGrad, record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { mul_forward } from '../../wgsl.generated.js';
import { activationType, forType, runElementwise, sameShapeRule } from '../launch.js';

const forwardKernel = kernel(mul_forward);

/** y = a * b. Gradients: grad_a = grad_y * b, grad_b = grad_y * a. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return record('mul', product(a, b), [a, b], (gradOutput) => [
    needsGrad(a) ? product(gradOutput, b) : undefined,
    needsGrad(b) ? product(gradOutput, a) : undefined,
  ]);
}

function product(a: Tensor, b: Tensor): Tensor {
  const dtype = activationType('mul', a, b);
  const y = Tensor.empty(a.device, sameShapeRule('mul', a.shape, b.shape), dtype);
  runElementwise(forType(forwardKernel, dtype), { a, b, y }, y.size);
  return y;
}
