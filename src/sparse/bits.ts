// Sets of positions, one bit each, as GPU kernels take them: position i is bit i % 32 of word i / 32.

import type { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

/** Words for so many positions. */
export function wordsFor(size: number): number {
  return Math.ceil(size / 32);
}

/** @param mask 1 = in the set. */
export function packBits(mask: Uint8Array): Uint32Array {
  const bits = new Uint32Array(wordsFor(mask.length));
  for (let i = 0; i < mask.length; i++) bits[i >>> 5] |= mask[i] << (i & 31);
  return bits;
}

/** A mask of `size` bytes, 1 = in the set. */
export function unpackBits(bits: Uint32Array, size: number): Uint8Array {
  const mask = new Uint8Array(size);
  for (let i = 0; i < size; i++) mask[i] = (bits[i >>> 5] >>> (i & 31)) & 1;
  return mask;
}

/** Positions in the set. */
export function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let word = 0; word < bits.length; word++) count += popcount(bits[word]);
  return count;
}

/** Number of ones in a word (Hacker's Delight, section 5-1). `| 0` keeps every step in 32-bit integer arithmetic. */
export function popcount(word: number): number {
  let x = (word - ((word >>> 1) & 0x55555555)) | 0;
  x = ((x & 0x33333333) + ((x >>> 2) & 0x33333333)) | 0;
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Positions [rows*columns] of the weights of `blocks`, without those whose slot is 1 in `without` [values.length]. */
export function positionBits(blocks: ShuffledBlocks, without?: Uint8Array): Uint32Array {
  const { rows, columns, blockSize, groupRows, groupStart, blockColumns } = blocks;
  const bits = new Uint32Array(wordsFor(rows * columns));
  for (let group = 0; group < blocks.numGroups; group++) {
    const rowCount = blocks.rowsInGroup(group);
    for (let slot = groupStart[group] * blockSize; slot < groupStart[group + 1] * blockSize; slot++) {
      if (blockColumns[slot] === PADDING) continue;
      for (let i = 0; i < rowCount; i++) {
        if (without?.[slot * blockSize + i] === 1) continue;
        const position = groupRows[group * blockSize + i] * columns + blockColumns[slot];
        bits[position >>> 5] |= 1 << (position & 31);
      }
    }
  }
  return bits;
}
