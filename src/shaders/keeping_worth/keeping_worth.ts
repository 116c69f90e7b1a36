// What keeping or growing each position of a layer is worth: the GPU's `keepingWorth` (src/sparse/keeping_worth.ts), bit for bit.

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { keeping_worth_gradient, keeping_worth_weight } from '../../wgsl.generated.js';
import type { BlockTables } from '../block_conv2d/block_tables.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise, runKernelOn } from '../launch.js';

const gradientKernel = kernel(keeping_worth_gradient);
const weightKernel = kernel(keeping_worth_weight);

export interface KeepingWorthInput {
  /** f32 of rows*columns elements, dense. */
  readonly gradient: Tensor;
  /** f32 [blocks, B, B], and the tables that place them. */
  readonly values: Tensor;
  readonly tables: BlockTables;
  /** u32 [ceil(rows*columns/32)]: bits of the weights that are not dropped. */
  readonly survivors: Tensor;
  /** f32 [2]: `WorthScales` of weights and of gradients. A tensor, since it changes with every update. */
  readonly scales: Tensor;
}

/** f32 [rows, columns]: the square of the scaled weight where it survives, of the scaled gradient elsewhere. */
export function keepingWorth({ gradient, values, tables, survivors, scales }: KeepingWorthInput): Tensor {
  const { rows, columns, blockSize, numBlocks, numGroups } = tables;
  const operation = 'keepingWorth';
  checkTensor(
    operation,
    'gradient',
    gradient,
    'f32',
    gradient.size === rows * columns ? gradient.shape : [rows, columns],
  );
  checkTensor(operation, 'values', values, 'f32', [numBlocks, blockSize, blockSize]);
  checkTensor(operation, 'survivors', survivors, 'u32', [Math.ceil((rows * columns) / 32)]);
  checkTensor(operation, 'scales', scales, 'f32', [2]);
  const worth = Tensor.empty(values.device, [rows, columns]);
  runElementwise(gradientKernel, { gradient, scales, worth }, worth.size);
  const { groupRows: group_rows, groupStart: group_start, blockColumns: block_columns } = tables;
  runKernelOn(
    weightKernel,
    { values, group_rows, group_start, block_columns, survivors, scales, worth },
    { slots: values.size, block_size: blockSize, columns, groups: numGroups },
    Math.ceil(values.size / weightKernel.constant('WORKGROUP_SIZE')),
  );
  return worth;
}
