// Product of a tensor and a number.

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { scale_forward } from '../../wgsl.generated.js';
import { activationType, forType, runElementwise } from '../launch.js';

const forwardKernel = kernel(scale_forward);

/** y = factor * x, any shape. Gradient: grad_x = factor * grad_y. */
export function scale(x: Tensor, factor: number): Tensor {
  return record({ name: 'scale', attributes: { factor } }, scaled(x, factor), [x], (gradOutput) => [
    scaled(gradOutput, factor),
  ]);
}

function scaled(x: Tensor, factor: number): Tensor {
  const dtype = activationType('scale', x);
  const y = Tensor.empty(x.device, x.shape, dtype);
  runElementwise(forType(forwardKernel, dtype), { x, y }, x.size, { factor });
  return y;
}
