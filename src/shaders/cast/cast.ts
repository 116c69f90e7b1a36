// Conversion between f32 and f16 (IEEE 754 binary16) in storage, by packing: it needs no f16 arithmetic of the adapter.

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { cast_to_f16, cast_to_f32 } from '../../wgsl.generated.js';
import { runElementwise } from '../launch.js';

const toF16Kernel = kernel(cast_to_f16);
const toF32Kernel = kernel(cast_to_f32);

/**
 * x as f16 or f32, any shape; a view of x where it is that already. To f16, values of 65520 and more become infinity, and how
 * the rest is rounded (to nearest, or towards zero) and whether subnormal halves become zero is the adapter's choice. No gradient
 * passes through.
 */
export function cast(x: Tensor, dtype: 'f16' | 'f32'): Tensor {
  if (x.dtype !== 'f16' && x.dtype !== 'f32') throw new Error(`cast: expected x of f16 or f32, got ${x.dtype}`);
  if (x.dtype === dtype) return x.view(x.shape);
  const y = Tensor.empty(x.device, x.shape, dtype);
  runElementwise(dtype === 'f16' ? toF16Kernel : toF32Kernel, { x, y }, x.size);
  return y;
}
