// Where the weights of a layer are drawn. Natural order is that of the matrix. Shuffled order deals the rows into their groups and
// moves the columns that a group keeps to its left, one block beside the other: what the kernels see (docs/format.md).

import { PADDING } from '../../src/sparse/index.js';
import type { BlockPlaces, Picture } from '../messages.js';

/** A full rearrangement: every weight has a place in either order. */
export interface Arrangement {
  /** [rows*columns]: the pixel, row by row, of each weight of the matrix. */
  readonly places: Uint32Array;
  /** Kept columns of each group, and the pixel row at which it begins; empty in natural order. */
  readonly groups: readonly GroupPlace[];
}

export interface GroupPlace {
  readonly firstRow: number;
  readonly rows: number;
  readonly keptColumns: number;
}

export function naturalOrder({ rows, columns }: Picture): Arrangement {
  return { places: Uint32Array.from({ length: rows * columns }, (_, i) => i), groups: [] };
}

export function shuffledOrder({ rows, columns }: Picture, blocks: BlockPlaces): Arrangement {
  const { blockSize, groupRows } = blocks;
  const places = new Uint32Array(rows * columns);
  const groups: GroupPlace[] = [];
  for (let group = 0; group * blockSize < rows; group++) {
    const firstRow = group * blockSize;
    const rowsHere = Math.min(blockSize, rows - firstRow);
    const { order, keptColumns } = columnOrder(blocks, group, columns);
    for (let slot = 0; slot < rowsHere; slot++) {
      const row = groupRows[firstRow + slot];
      order.forEach((column, x) => {
        places[row * columns + column] = (firstRow + slot) * columns + x;
      });
    }
    groups.push({ firstRow, rows: rowsHere, keptColumns });
  }
  return { places, groups };
}

/** The columns of a group from left to right: kept ones as they stand in its blocks, then the others. */
function columnOrder({ blockSize, groupStart, blockColumns }: BlockPlaces, group: number, columns: number) {
  const slots = blockColumns.subarray(groupStart[group] * blockSize, groupStart[group + 1] * blockSize);
  const kept = slots.filter((column) => column !== PADDING);
  const isKept = new Uint8Array(columns);
  for (const column of kept) isKept[column] = 1;
  const order = new Uint32Array(columns);
  order.set(kept);
  let x = kept.length;
  for (let column = 0; column < columns; column++) if (isKept[column] === 0) order[x++] = column;
  return { order, keptColumns: kept.length };
}
