// From a mask to tables: rows of identical support are put together and cut into groups of B. Nothing is approximated: a mask
// that is not shuffled-block is refused.

import { InputError } from '../host/input_error.js';
import type { BlockShape } from './checks.js';
import { type BlockTables, PADDING } from './tables.js';

/** Rows that share one support, ascending. */
interface SupportClass {
  readonly rows: number[];
  readonly support: number[];
}

/**
 * Tables of a mask [rows*columns], with values 0.
 *
 * @throws InputError when a support does not fill whole blocks, or when its rows do not fill whole groups.
 */
export function tablesFromMask(operation: string, mask: Uint8Array, shape: BlockShape): BlockTables {
  const { rows, columns, blockSize } = shape;
  const groups = cutIntoGroups(operation, supportClasses(mask, shape), shape);
  const groupRows = new Uint32Array(groups.length * blockSize).fill(PADDING);
  const groupStart = new Uint32Array(groups.length + 1);
  for (const [group, { rows: members, support }] of groups.entries()) {
    groupRows.set(members, group * blockSize);
    groupStart[group + 1] = groupStart[group] + Math.ceil(support.length / blockSize);
  }
  const numBlocks = groupStart[groups.length];
  const blockColumns = new Uint32Array(numBlocks * blockSize).fill(PADDING);
  for (const [group, { support }] of groups.entries()) blockColumns.set(support, groupStart[group] * blockSize);
  const values = new Float32Array(numBlocks * blockSize * blockSize);
  return { rows, columns, blockSize, groupRows, groupStart, blockColumns, values };
}

/** Classes in the order of their first rows. A row without any active weight belongs to the class of the empty support. */
function supportClasses(mask: Uint8Array, { rows, columns }: BlockShape): SupportClass[] {
  const classes = new Map<string, SupportClass>();
  for (let row = 0; row < rows; row++) {
    const support = supportOf(mask.subarray(row * columns, (row + 1) * columns));
    const key = support.join();
    const known = classes.get(key);
    if (known) known.rows.push(row);
    else classes.set(key, { rows: [row], support });
  }
  return [...classes.values()];
}

function supportOf(maskRow: Uint8Array): number[] {
  const support: number[] = [];
  for (let column = 0; column < maskRow.length; column++) if (maskRow[column] !== 0) support.push(column);
  return support;
}

/** Groups of B rows; the one group that may be short, if rows % B != 0, comes last. */
function cutIntoGroups(operation: string, classes: SupportClass[], shape: BlockShape): SupportClass[] {
  const { rows, columns, blockSize } = shape;
  const whole: SupportClass[] = [];
  const short: SupportClass[] = [];
  for (const { rows: members, support } of classes) {
    if (support.length % blockSize !== 0 && columns % blockSize === 0) {
      throw new InputError(
        `${operation}: expected every row to keep a multiple of ${blockSize} of the ${columns} columns, got ${support.length} in row ${members[0]}: the mask is not shuffled-block`,
      );
    }
    for (let start = 0; start < members.length; start += blockSize) {
      const group = { rows: members.slice(start, start + blockSize), support };
      (group.rows.length === blockSize ? whole : short).push(group);
    }
  }
  const padded = rows % blockSize;
  if (short.length > (padded === 0 ? 0 : 1)) {
    const odd = short.find((group) => group.rows.length !== padded) ?? short[0];
    const expected = padded === 0 ? `groups of ${blockSize}` : `groups of ${blockSize} and one of ${padded}`;
    throw new InputError(
      `${operation}: expected rows of identical support in ${expected}, got ${odd.rows.length} left over with the support of row ${odd.rows[0]}: the mask is not shuffled-block`,
    );
  }
  return [...whole, ...short];
}
