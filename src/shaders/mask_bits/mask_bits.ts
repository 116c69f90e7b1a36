// Sets of positions, one bit each: what a nonstructured topology update hands from kernel to kernel.

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { keep_common, unpack_bits } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise } from '../launch.js';

const commonKernel = kernel(keep_common);
const unpackKernel = kernel(unpack_bits);

/** In place: x (f32, any shape) where both sets have the position, 0 elsewhere. Sets: u32 [ceil(x.size/32)]. */
export function keepCommon(x: Tensor, before: Tensor, after: Tensor): void {
  checkTensor('keepCommon', 'x', x, 'f32', x.shape);
  for (const [name, bits] of Object.entries({ before, after })) {
    checkTensor('keepCommon', name, bits, 'u32', [Math.ceil(x.size / 32)]);
  }
  runElementwise(commonKernel, { x, before, after }, x.size);
}

/** Writes `mask` (u8, any shape): 1 where the set has the position, 0 elsewhere. @param bits u32 [ceil(mask.size/32)]. */
export function unpackBits(bits: Tensor, mask: Tensor): void {
  checkTensor('unpackBits', 'mask', mask, 'u8', mask.shape);
  checkTensor('unpackBits', 'bits', bits, 'u32', [Math.ceil(mask.size / 32)]);
  runElementwise(unpackKernel, { bits, mask }, mask.size);
}
