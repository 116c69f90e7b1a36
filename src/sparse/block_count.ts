// How many blocks a layer keeps.

import { InputError } from '../device/errors.js';
import { type BlockShape, checkBlockShape } from './checks.js';

/**
 * ceil(density * rows * columns / B^2), capped at the ceil(rows/B) * ceil(columns/B) that the layer can hold.
 *
 * @throws InputError when density is outside (0, 1].
 */
export function blockCount(density: number, shape: BlockShape): number {
  checkBlockShape('blockCount', shape);
  if (!(density > 0 && density <= 1)) throw new InputError(`blockCount: expected density in (0, 1], got ${density}`);
  const { rows, columns, blockSize } = shape;
  const exact = (density * rows * columns) / blockSize ** 2;
  // 1 - 0.7 is a little more than 0.3: rounding in the density must not add a block.
  const needed = Math.ceil(exact * (1 - 1e-9));
  return Math.min(needed, Math.ceil(rows / blockSize) * Math.ceil(columns / blockSize));
}
