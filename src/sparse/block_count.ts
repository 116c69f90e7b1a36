// How many blocks a layer keeps.

import { InputError } from '../host/input_error.js';
import { type BlockShape, checkBlockShape } from './checks.js';

/**
 * The fewest blocks that can hold density * rows * columns weights: ceil(density * rows * columns / B^2) where B divides both.
 * Blocks of a padded last group, and the last block of a group whose columns do not fill it, hold fewer than B^2. If there are at least
 * as many blocks as groups, one is of the padded group: see `chooseBlocks`.
 *
 * @throws InputError when density is outside (0, 1].
 */
export function blockCount(density: number, shape: BlockShape): number {
  checkBlockShape('blockCount', shape);
  if (!(density > 0 && density <= 1)) throw new InputError(`blockCount: expected density in (0, 1], got ${density}`);
  // 1 - 0.7 is a little more than 0.3: rounding in the density must not add a block.
  const wanted = density * shape.rows * shape.columns * (1 - 1e-9);
  const sizes = blockSizes(shape);
  const fewest = blocksThatHold(wanted, sizes);
  const { rows, columns, blockSize } = shape;
  const shortRows = rows % blockSize;
  if (shortRows === 0 || fewest < Math.ceil(rows / blockSize)) return fewest;
  const short = shortRows * Math.min(columns, blockSize);
  const reserved = sizes.findIndex(({ size }) => size === short);
  const others = sizes.map(({ size, count }, i) => ({ size, count: i === reserved ? count - 1 : count }));
  return 1 + blocksThatHold(wanted - short, others);
}

/** The fewest, taken from the largest on. */
function blocksThatHold(weights: number, sizes: readonly { size: number; count: number }[]): number {
  let missing = weights;
  let blocks = 0;
  for (const { size, count } of sizes) {
    if (missing <= 0) break;
    const taken = Math.min(count, Math.ceil(missing / size));
    blocks += taken;
    missing -= taken * size;
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
