// What a topology update does to slots (docs/method.md): values and optimizer state of a surviving weight follow it to
// its new slot, those of a grown one start at 0. RigL's rule; the original keeps stale dense momentum.

import { InputError } from '../host/input_error.js';
import { checkLength } from './checks.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

/**
 * For every slot of the new `values` the slot that its weight had in the old ones; PADDING where it is grown or padded.
 * [to.values.length], ready to drive a gather on the GPU.
 *
 * @throws InputError when the two topologies are not of one layer.
 */
export function remapSlots(from: ShuffledBlocks, to: ShuffledBlocks): Uint32Array {
  const { rows, columns } = from;
  if (rows !== to.rows || columns !== to.columns) {
    throw new InputError(
      `remapSlots: expected topologies of one layer, got [${rows}, ${columns}] and [${to.rows}, ${to.columns}]`,
    );
  }
  const rowSlots = slotsOfRows(from);
  const columnSlots = slotsOfColumns(from);
  const sources = new Uint32Array(to.values.length).fill(PADDING);
  // Of each row of a group: where its old group's columns begin, and its old place in that group.
  const oldColumns = new Uint32Array(to.blockSize);
  const oldPlace = new Uint32Array(to.blockSize);
  for (let group = 0; group < to.numGroups; group++) {
    const rowCount = to.rowsInGroup(group);
    for (let i = 0; i < rowCount; i++) {
      const rowSlot = rowSlots[to.groupRows[group * to.blockSize + i]];
      oldColumns[i] = Math.floor(rowSlot / from.blockSize) * columns;
      oldPlace[i] = rowSlot % from.blockSize;
    }
    for (let slot = to.groupStart[group] * to.blockSize; slot < to.groupStart[group + 1] * to.blockSize; slot++) {
      const column = to.blockColumns[slot];
      if (column === PADDING) continue;
      for (let i = 0; i < rowCount; i++) {
        const columnSlot = columnSlots[oldColumns[i] + column];
        if (columnSlot !== PADDING) sources[slot * to.blockSize + i] = columnSlot * from.blockSize + oldPlace[i];
      }
    }
  }
  return sources;
}

/** State shaped like `from.values`, moved to the slots of `to`; 0 for grown weights and padding. */
export function remapValues(from: ShuffledBlocks, to: ShuffledBlocks, state: Float32Array): Float32Array {
  checkLength('remapValues', 'state', state, from.values.length);
  const sources = remapSlots(from, to);
  const moved = new Float32Array(sources.length);
  for (let slot = 0; slot < moved.length; slot++) moved[slot] = sources[slot] === PADDING ? 0 : state[sources[slot]];
  return moved;
}

export interface TopologyChange {
  /** See `remapSlots`. */
  readonly sources: Uint32Array;
  /** Weights that were active and are no more, and weights that are newly active. */
  readonly dropped: number;
  readonly grown: number;
  /** Blocks of the new topology that hold a grown weight. */
  readonly changedBlocks: number;
}

/** What an update changes, in slots and numbers. */
export function topologyChange(from: ShuffledBlocks, to: ShuffledBlocks): TopologyChange {
  const sources = remapSlots(from, to);
  const { blockSize } = to;
  let surviving = 0;
  let changedBlocks = 0;
  for (let group = 0; group < to.numGroups; group++) {
    for (let block = to.groupStart[group]; block < to.groupStart[group + 1]; block++) {
      const kept = countKept(sources, block * blockSize ** 2, blockSize ** 2);
      const padding = to.blockColumns.subarray(block * blockSize, (block + 1) * blockSize).indexOf(PADDING);
      const width = padding < 0 ? blockSize : padding;
      surviving += kept;
      if (kept < width * to.rowsInGroup(group)) changedBlocks++;
    }
  }
  return { sources, dropped: from.numNonzero - surviving, grown: to.numNonzero - surviving, changedBlocks };
}

function countKept(sources: Uint32Array, first: number, length: number): number {
  let count = 0;
  for (let slot = first; slot < first + length; slot++) if (sources[slot] !== PADDING) count++;
  return count;
}

/** [rows]: where each row stands in `groupRows`. */
function slotsOfRows({ rows, groupRows }: ShuffledBlocks): Uint32Array {
  const slots = new Uint32Array(rows);
  for (const [slot, row] of groupRows.entries()) if (row !== PADDING) slots[row] = slot;
  return slots;
}

/** [groups*columns]: where each column of a group stands in `blockColumns`; PADDING where the group lacks it. */
function slotsOfColumns({ numGroups, columns, blockSize, groupStart, blockColumns }: ShuffledBlocks): Uint32Array {
  const slots = new Uint32Array(numGroups * columns).fill(PADDING);
  for (let group = 0; group < numGroups; group++) {
    for (let slot = groupStart[group] * blockSize; slot < groupStart[group + 1] * blockSize; slot++) {
      if (blockColumns[slot] !== PADDING) slots[group * columns + blockColumns[slot]] = slot;
    }
  }
  return slots;
}
