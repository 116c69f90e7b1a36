// Which active weights an update gives up, for shuffled-block topologies (docs/method.md). A new rule is a
// function here and an entry of the table.

import { rankAscending } from './rank_energies.js';
import { selectByMagnitude } from './select.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

export interface Drop {
  /** Weights considered: at most dropFraction of the active ones. */
  readonly candidates: number;
  /** [values.length], 1 = drop what is in this slot. A subset of the candidates. */
  readonly slots: Uint8Array;
}

/** @param blocks whose values are the weights. */
export type DropRule = (blocks: ShuffledBlocks, dropFraction: number) => Drop;

/** The rules by the names of `--drop-rule`. */
export const dropRules = {
  original: dropByMagnitudeInBlocks,
  'column-norm': (blocks, dropFraction) => dropUnits(blocks, blocks.blockSize, dropFraction),
  'block-norm': (blocks, dropFraction) => dropUnits(blocks, blocks.blockSize ** 2, dropFraction),
} as const satisfies Record<string, DropRule>;

export type DropRuleName = keyof typeof dropRules;

/**
 * The original's rule: candidates are the smallest |w| of the layer, of equal ones that in the lowest slot; one is dropped only where
 * at least half of its row, or of its column, within its block are candidates. Padded slots are not counted, so half is B/2
 * except in padded blocks.
 */
function dropByMagnitudeInBlocks(blocks: ShuffledBlocks, dropFraction: number): Drop {
  const { blockSize, values } = blocks;
  const active = realSlots(blocks);
  const candidates = Math.floor(dropFraction * blocks.numNonzero);
  const isCandidate = selectByMagnitude(values, candidates, 'smallest', active);
  const slots = new Uint8Array(values.length);
  const inRow = new Uint32Array(blockSize);
  const inColumn = new Uint32Array(blockSize);
  forEachBlock(blocks, (first, height, width) => {
    inRow.fill(0);
    inColumn.fill(0);
    for (let j = 0; j < width; j++) {
      for (let i = 0; i < height; i++) {
        const one = isCandidate[first + j * blockSize + i];
        inRow[i] += one;
        inColumn[j] += one;
      }
    }
    for (let j = 0; j < width; j++) {
      for (let i = 0; i < height; i++) {
        const slot = first + j * blockSize + i;
        if (2 * inRow[i] >= width || 2 * inColumn[j] >= height) slots[slot] = isCandidate[slot];
      }
    }
  });
  return { candidates, slots };
}

/**
 * Drops whole units, those of lowest root-mean-square weight first, while they fit into dropFraction of the active weights.
 *
 * @param unitSlots slots of a unit: those of a block or of one of its columns.
 */
function dropUnits(blocks: ShuffledBlocks, unitSlots: number, dropFraction: number): Drop {
  const { values } = blocks;
  const active = realSlots(blocks);
  const numUnits = values.length / unitSlots;
  const energies = new Float32Array(numUnits);
  const sizes = new Uint32Array(numUnits);
  for (let unit = 0, slot = 0; unit < numUnits; unit++) {
    let energy = 0;
    let size = 0;
    for (const end = slot + unitSlots; slot < end; slot++) {
      energy += values[slot] * values[slot];
      size += active[slot];
    }
    // A unit of padding alone has nothing to drop: it goes last.
    energies[unit] = size > 0 ? energy / size : Number.POSITIVE_INFINITY;
    sizes[unit] = size;
  }
  const slots = new Uint8Array(values.length);
  let budget = Math.floor(dropFraction * blocks.numNonzero);
  let candidates = 0;
  for (const unit of rankAscending(energies)) {
    if (sizes[unit] > budget || sizes[unit] === 0) break;
    slots.set(active.subarray(unit * unitSlots, (unit + 1) * unitSlots), unit * unitSlots);
    budget -= sizes[unit];
    candidates += sizes[unit];
  }
  return { candidates, slots };
}

/** [values.length], 1 where a slot holds a weight, 0 where it is padding. */
function realSlots(blocks: ShuffledBlocks): Uint8Array {
  const { blockSize } = blocks;
  const real = new Uint8Array(blocks.values.length);
  forEachBlock(blocks, (first, height, width) => {
    for (let j = 0; j < width; j++) real.fill(1, first + j * blockSize, first + j * blockSize + height);
  });
  return real;
}

/** Visits every block with its first slot and the rows and columns that it really has. */
function forEachBlock(blocks: ShuffledBlocks, visit: (first: number, height: number, width: number) => void): void {
  const { blockSize, groupStart, blockColumns } = blocks;
  for (let group = 0; group < blocks.numGroups; group++) {
    for (let block = groupStart[group]; block < groupStart[group + 1]; block++) {
      const columns = blockColumns.subarray(block * blockSize, (block + 1) * blockSize);
      const padding = columns.indexOf(PADDING);
      visit(block * blockSize ** 2, blocks.rowsInGroup(group), padding < 0 ? blockSize : padding);
    }
  }
}
