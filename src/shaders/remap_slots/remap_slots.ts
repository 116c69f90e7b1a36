// Values and optimizer state through a topology update, without leaving the GPU. See src/sparse/remap.ts.

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { remap_slots } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const remapKernel = kernel(remap_slots);

/**
 * In place: each slot of `state` gets what stood in its source, and 0 where its source is 0xffffffff.
 *
 * @param state f32 of any shape. @param sources u32 [state.size], slots of `state`.
 */
export function remapSlots(state: Tensor, sources: Tensor): void {
  checkTensor('remapSlots', 'state', state, 'f32', state.shape);
  checkTensor('remapSlots', 'sources', sources, 'u32', [state.size]);
  const { device, size } = state;
  const moved = Tensor.empty(device, state.shape);
  runKernelOn(
    remapKernel,
    { state, sources, moved },
    { size },
    Math.ceil(size / remapKernel.constant('WORKGROUP_SIZE')),
  );
  device.copy(moved.buffer, state.buffer, state.paddedBytes);
  moved.dispose();
}
