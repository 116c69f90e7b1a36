// Shuffled-block linear layer: x [F,N], a weight [O,F] kept in blocks, bias [O] -> y [O,N]. A 1x1 block convolution of one pixel.

import { formatShape, type Tensor } from '../../tensor/index.js';
import { type BlockConv2dOptions, blockConv2d } from '../block_conv2d/block_conv2d.js';
import type { BlockTables } from '../block_conv2d/block_tables.js';
import { reshape } from '../reshape/reshape.js';

/** values [numBlocks,B,B]; gradients of x, of the kept values and of the bias. `onDenseGradient` receives [O,F,1,1]. */
export function blockLinear(
  x: Tensor,
  values: Tensor,
  tables: BlockTables,
  options: Pick<BlockConv2dOptions, 'bias' | 'onDenseGradient'> = {},
): Tensor {
  if (x.shape.length !== 2) throw new Error(`blockLinear: expected x [F,N], got ${formatShape(x.shape)}`);
  const [features, batchSize] = x.shape;
  const y = blockConv2d(reshape(x, [features, 1, 1, batchSize]), values, tables, options);
  return reshape(y, [tables.rows, batchSize]);
}
