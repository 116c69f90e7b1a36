// How many blocks a layer keeps.

import { InputError } from '../device/errors.js';
import { type BlockShape, checkBlockShape } from './checks.js';

/**
 * The fewest blocks that can hold density * rows * columns weights: ceil(density * rows * columns / B^2) where B divides both.
 * Blocks of a padded last group, and the last block of a group whose columns do not fill it, hold fewer than B^2.
 *
 * @throws InputError when density is outside (0, 1].
 */
export function blockCount(density: number, shape: BlockShape): number {
  checkBlockShape('blockCount', shape);
  if (!(density > 0 && density <= 1)) throw new InputError(`blockCount: expected density in (0, 1], got ${density}`);
  // 1 - 0.7 is a little more than 0.3: rounding in the density must not add a block.
  let missing = density * shape.rows * shape.columns * (1 - 1e-9);
  let blocks = 0;
  for (const { size, count } of blockSizes(shape)) {
    const taken = Math.min(count, Math.ceil(missing / size));
    blocks += taken;
    missing -= taken * size;
    if (missing <= 0) break;
  }
  return blocks;
}

/** Weights that blocks hold, and how many blocks hold so many, largest first. */
function blockSizes({ rows, columns, blockSize }: BlockShape): { size: number; count: number }[] {
  const cut = (extent: number) => [
    { length: blockSize, count: Math.floor(extent / blockSize) },
    { length: extent % blockSize, count: extent % blockSize === 0 ? 0 : 1 },
  ];
  const sizes = cut(rows).flatMap((down) =>
    cut(columns).map((across) => ({ size: down.length * across.length, count: down.count * across.count })),
  );
  return sizes.filter(({ count }) => count > 0).sort((a, b) => b.size - a.size);
}
