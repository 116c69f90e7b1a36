// Conversion between f32 and f16 (IEEE 754 binary16) in storage, by packing: it needs no f16 arithmetic of the adapter.

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { cast_to_f16, cast_to_f32 } from '../../wgsl.generated.js';
import { activationType, runElementwise } from '../launch.js';

const toF16Kernel = kernel(cast_to_f16);
const toF32Kernel = kernel(cast_to_f32);

/**
 * x as f16 or f32, any shape; a view of x where it is that already. To f16, values of 65520 and more become infinity, and how
 * the rest is rounded (to nearest, or towards zero) and whether subnormal halves become zero is the adapter's choice. The gradient is
 * cast back.
 */
export function cast(x: Tensor, dtype: 'f16' | 'f32'): Tensor {
  return record({ name: 'cast', attributes: { dtype } }, converted(x, dtype), [x], (gradOutput) => [
    converted(gradOutput, activationType('cast', x)),
  ]);
}

function converted(x: Tensor, dtype: 'f16' | 'f32'): Tensor {
  if (activationType('cast', x) === dtype) return x.view(x.shape);
  const y = Tensor.empty(x.device, x.shape, dtype);
  runElementwise(dtype === 'f16' ? toF16Kernel : toF32Kernel, { x, y }, x.size);
  return y;
}
