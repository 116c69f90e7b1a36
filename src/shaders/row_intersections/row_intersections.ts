// Shared active columns of every pair of rows, for clustering: the GPU's `intersectionSizes` (src/sparse/intersections.ts).

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { align_rows, row_intersections } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const alignKernel = kernel(align_rows);
const intersectionsKernel = kernel(row_intersections);

/**
 * u32 [rows*(rows+1)/2]: for rows b <= a, at a*(a+1)/2 + b, how many columns both have.
 *
 * @param bits u32 [ceil(rows*columns/32)]: position i = row*columns + column is bit i % 32 of word i / 32.
 */
export function rowIntersections(bits: Tensor, rows: number, columns: number): Tensor {
  checkTensor('rowIntersections', 'bits', bits, 'u32', [Math.ceil((rows * columns) / 32)]);
  const words = Math.ceil(columns / 32);
  const aligned = Tensor.empty(bits.device, [rows, words], 'u32');
  const count = rows * words;
  const alignThreads = alignKernel.constant('WORKGROUP_SIZE');
  runKernelOn(alignKernel, { bits, aligned }, { count, words, columns }, Math.ceil(count / alignThreads));

  const counts = Tensor.empty(bits.device, [(rows * (rows + 1)) / 2], 'u32');
  const tiles = Math.ceil(rows / intersectionsKernel.constant('TILE'));
  const threads = intersectionsKernel.constant('WORKGROUP_SIZE');
  runKernelOn(intersectionsKernel, { aligned, counts }, { rows, words, tiles }, Math.ceil((tiles * tiles) / threads));
  aligned.dispose();
  return counts;
}
