// Column energies of groups of rows, for several ways to deal rows into groups: the GPU's `groupEnergies`
// (src/sparse/extract_blocks.ts), bit for bit.

import { kernel } from '../../device/index.js';
import { formatShape, Tensor } from '../../tensor/index.js';
import { group_energies } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const energiesKernel = kernel(group_energies);

/**
 * f32 [orders, ceil(rows/blockSize), columns]: sums of `worth` over the rows of each group.
 *
 * @param worth f32 [rows, columns]. @param orders u32 [orders, rows]: each a permutation; each `blockSize` rows make a group.
 */
export function groupEnergies(worth: Tensor, orders: Tensor, blockSize: number): Tensor {
  if (worth.shape.length !== 2) {
    throw new Error(`groupEnergies: expected worth [rows, columns], got ${formatShape(worth.shape)}`);
  }
  const [rows, columns] = worth.shape;
  checkTensor('groupEnergies', 'worth', worth, 'f32', worth.shape);
  checkTensor('groupEnergies', 'orders', orders, 'u32', [orders.shape[0], rows]);
  const groups = Math.ceil(rows / blockSize);
  const energies = Tensor.empty(worth.device, [orders.shape[0], groups, columns]);
  runKernelOn(
    energiesKernel,
    { worth, orders, energies },
    { rows, columns, block_size: blockSize, groups, orders: orders.shape[0] },
    Math.ceil(energies.size / energiesKernel.constant('WORKGROUP_SIZE')),
  );
  return energies;
}
