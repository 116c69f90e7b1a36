// The invariants of docs/format.md. A wrong index must be refused here, before it reaches a kernel: on the GPU it would read
// or write out of bounds.

import { InputError } from '../host/input_error.js';
import { checkBlockShape, checkLength } from './checks.js';
import { type BlockTables, PADDING } from './tables.js';

/** Throws InputError naming group, slot and value of the first violated invariant. Trusts nothing about the tables. */
export function validateTables(operation: string, tables: BlockTables): void {
  checkBlockShape(operation, tables);
  checkTypes(operation, tables);
  checkGroupRows(operation, tables);
  checkGroupStart(operation, tables);
  checkBlockColumns(operation, tables);
  checkPaddedValues(operation, tables);
}

function checkTypes(operation: string, tables: BlockTables): void {
  for (const name of ['groupRows', 'groupStart', 'blockColumns'] as const) {
    if (!(tables[name] instanceof Uint32Array)) throw new InputError(`${operation}: expected ${name} a Uint32Array`);
  }
  if (!(tables.values instanceof Float32Array)) throw new InputError(`${operation}: expected values a Float32Array`);
}

/** Every row in exactly one slot; padding only in the last rows-short slots of the last group. */
function checkGroupRows(operation: string, { rows, blockSize, groupRows }: BlockTables): void {
  checkLength(operation, 'groupRows', groupRows, Math.ceil(rows / blockSize) * blockSize);
  const slotOfRow = new Int32Array(rows).fill(-1);
  for (let slot = 0; slot < groupRows.length; slot++) {
    const row = groupRows[slot];
    const place = `${operation}: group ${Math.floor(slot / blockSize)}, row slot ${slot % blockSize}`;
    if (slot >= rows) {
      if (row !== PADDING) throw new InputError(`${place}: expected padding 0xffffffff, got row ${row}`);
    } else if (row >= rows) {
      throw new InputError(`${place}: expected a row below ${rows}, got ${show(row)}`);
    } else if (slotOfRow[row] >= 0) {
      const first = slotOfRow[row];
      throw new InputError(
        `${place}: expected every row once, got row ${row} again (first in group ${Math.floor(first / blockSize)}, row slot ${first % blockSize})`,
      );
    } else {
      slotOfRow[row] = slot;
    }
  }
}

/** Monotone from 0 to numBlocks. */
function checkGroupStart(operation: string, { rows, blockSize, groupStart, blockColumns }: BlockTables): void {
  const numGroups = Math.ceil(rows / blockSize);
  checkLength(operation, 'groupStart', groupStart, numGroups + 1);
  if (blockColumns.length % blockSize !== 0) {
    throw new InputError(
      `${operation}: expected blockColumns a multiple of blockSize ${blockSize}, got length ${blockColumns.length}`,
    );
  }
  const numBlocks = blockColumns.length / blockSize;
  if (groupStart[0] !== 0) throw new InputError(`${operation}: group 0: expected groupStart 0, got ${groupStart[0]}`);
  for (let group = 0; group < numGroups; group++) {
    if (groupStart[group + 1] < groupStart[group]) {
      throw new InputError(
        `${operation}: group ${group + 1}: expected groupStart at least ${groupStart[group]}, got ${groupStart[group + 1]}`,
      );
    }
  }
  if (groupStart[numGroups] !== numBlocks) {
    throw new InputError(
      `${operation}: expected groupStart to end at ${numBlocks} blocks, got ${groupStart[numGroups]} in group ${numGroups}`,
    );
  }
}

/** In range and distinct within a group; padding only where columns % B != 0, and then last in the group's last block. */
function checkBlockColumns(operation: string, tables: BlockTables): void {
  const { columns, blockSize, groupStart, blockColumns } = tables;
  for (let group = 0; group + 1 < groupStart.length; group++) {
    const start = groupStart[group] * blockSize;
    const end = groupStart[group + 1] * blockSize;
    const repeated = repeatedSlot(blockColumns.subarray(start, end));
    let padded = false;
    for (let slot = start; slot < end; slot++) {
      const column = blockColumns[slot];
      const place = () =>
        `${operation}: group ${group}, block ${Math.floor(slot / blockSize)}, column slot ${slot % blockSize}`;
      if (column === PADDING) {
        const inLastBlock = slot >= end - blockSize + 1;
        if (columns % blockSize === 0 || !inLastBlock) {
          throw new InputError(`${place()}: expected a column below ${columns}, got padding 0xffffffff`);
        }
        padded = true;
      } else if (column >= columns) {
        throw new InputError(`${place()}: expected a column below ${columns}, got ${column}`);
      } else if (padded) {
        throw new InputError(`${place()}: expected padding 0xffffffff after padding, got column ${column}`);
      } else if (slot === start + repeated) {
        throw new InputError(`${place()}: expected distinct columns within a group, got column ${column} again`);
      }
    }
  }
}

/**
 * The second slot of a column that a group has twice; -1 if it has none. Takes memory for the group's columns only: how many the layer has
 * is what a file says.
 */
function repeatedSlot(columns: Uint32Array): number {
  const sorted = columns.slice().sort();
  const repeated = sorted.find((column, i) => column === sorted[i - 1] && column !== PADDING);
  return repeated === undefined ? -1 : columns.indexOf(repeated, columns.indexOf(repeated) + 1);
}

function checkPaddedValues(operation: string, tables: BlockTables): void {
  const { rows, columns, blockSize, groupStart, blockColumns, values } = tables;
  checkLength(operation, 'values', values, blockColumns.length * blockSize);
  if (rows % blockSize === 0 && columns % blockSize === 0) return;
  for (let group = 0; group + 1 < groupStart.length; group++) {
    const rowCount = Math.min(blockSize, rows - group * blockSize);
    for (let slot = groupStart[group] * blockSize; slot < groupStart[group + 1] * blockSize; slot++) {
      const firstPadded = blockColumns[slot] === PADDING ? 0 : rowCount;
      for (let rowSlot = firstPadded; rowSlot < blockSize; rowSlot++) {
        const value = values[slot * blockSize + rowSlot];
        if (value !== 0) {
          const block = Math.floor(slot / blockSize);
          throw new InputError(
            `${operation}: group ${group}, block ${block}, column slot ${slot % blockSize}, row slot ${rowSlot}: expected padded value 0, got ${value}`,
          );
        }
      }
    }
  }
}

function show(row: number): string {
  return row === PADDING ? 'padding 0xffffffff' : String(row);
}
