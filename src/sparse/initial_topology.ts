// The topology that training starts from: "Before training" in docs/method.md.

import { blockCount } from './block_count.js';
import { type BlockShape, checkBlockShape, checkFinite, checkLength, checkSparsity } from './checks.js';
import { clusterOrder } from './cluster.js';
import { blocksOf, chooseBlocks, groupEnergies } from './extract_blocks.js';
import { intersectionSizes } from './intersections.js';
import { initialMask } from './mask_updater.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';

export interface InitialTopologyOptions extends BlockShape {
  /** Share of weights to prune, in [0, 1). */
  readonly sparsity: number;
}

/**
 * Blocks of highest magnitude: the largest |w| of the layer make a mask, its rows are clustered, and the best blocks of the
 * resulting groups are kept. Values are gathered from `weight`.
 *
 * @param weight [rows*columns], dense initial weights.
 * @returns as many blocks as `blockCount` says.
 * @throws InputError on a block size below 4 or above `columns`, a sparsity outside [0, 1), a wrong length, NaN.
 */
export function initialTopology(weight: Float32Array, options: InitialTopologyOptions): ShuffledBlocks {
  const operation = 'initialTopology';
  const { rows, columns, blockSize, sparsity } = options;
  checkBlockShape(operation, options);
  checkSparsity(operation, sparsity);
  checkLength(operation, 'weight', weight, rows * columns);
  checkFinite(operation, 'weight', weight);
  const mask = initialMask(weight, sparsity);
  const energy = new Float32Array(weight.length);
  for (let i = 0; i < energy.length; i++) energy[i] = mask[i] !== 0 ? weight[i] * weight[i] : 0;
  const numBlocks = blockCount(1 - sparsity, options);
  const shape = { rows, columns, blockSize, numBlocks };
  const order = clusterOrder(intersectionSizes(mask, rows, columns), rows, blockSize);
  const extraction = chooseBlocks({ order, energies: groupEnergies(order, energy, shape) }, shape);
  return blocksOf(extraction, shape).fromDense(weight);
}
