// Which active weights an update gives up, for shuffled-block topologies (step 5 of docs/algorithm.md). A new rule is a
// function here and an entry of the table.

import { countOnes } from './masks.js';
import { selectByMagnitude } from './select.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

export interface Drop {
  /** Weights considered: at most dropFraction of the active ones. */
  readonly candidates: number;
  /** [rows*columns], 1 = drop. A subset of the candidates. */
  readonly mask: Uint8Array;
}

/** @param weight [rows*columns]; @param active [rows*columns], 1 = active. */
export type DropRule = (blocks: ShuffledBlocks, weight: Float32Array, active: Uint8Array, dropFraction: number) => Drop;

/** The rules by the names of `--drop-rule`. */
export const dropRules = {
  original: dropByMagnitudeInBlocks,
  'column-norm': (blocks, weight, _, dropFraction) => dropUnits(blocks, weight, dropFraction, columnUnits(blocks)),
  'block-norm': (blocks, weight, _, dropFraction) => dropUnits(blocks, weight, dropFraction, blockUnits(blocks)),
} as const satisfies Record<string, DropRule>;

export type DropRuleName = keyof typeof dropRules;

/**
 * The original's rule: candidates are the smallest |w| of the layer; one is dropped only where at least half of its row, or of
 * its column, within its block are candidates. Padded slots are not counted, so half is B/2 except in padded blocks.
 */
function dropByMagnitudeInBlocks(
  blocks: ShuffledBlocks,
  weight: Float32Array,
  active: Uint8Array,
  dropFraction: number,
): Drop {
  const candidates = Math.floor(dropFraction * countOnes(active));
  const isCandidate = selectByMagnitude(weight, candidates, 'smallest', active);
  const { blockSize, columns } = blocks;
  const mask = new Uint8Array(active.length);
  const inRow = new Uint32Array(blockSize);
  const inColumn = new Uint32Array(blockSize);
  forEachBlock(blocks, (blockRows, blockColumns) => {
    inRow.fill(0);
    inColumn.fill(0);
    for (let i = 0; i < blockRows.length; i++) {
      for (let j = 0; j < blockColumns.length; j++) {
        const one = isCandidate[blockRows[i] * columns + blockColumns[j]];
        inRow[i] += one;
        inColumn[j] += one;
      }
    }
    for (let i = 0; i < blockRows.length; i++) {
      for (let j = 0; j < blockColumns.length; j++) {
        const position = blockRows[i] * columns + blockColumns[j];
        const crowded = 2 * inRow[i] >= blockColumns.length || 2 * inColumn[j] >= blockRows.length;
        if (crowded) mask[position] = isCandidate[position];
      }
    }
  });
  return { candidates, mask };
}

/** Drops whole units, those of lowest root-mean-square weight first, while they fit into dropFraction of the active weights. */
function dropUnits(blocks: ShuffledBlocks, weight: Float32Array, dropFraction: number, units: Uint32Array[]): Drop {
  const energies = units.map((positions) => {
    let energy = 0;
    for (const position of positions) energy += weight[position] ** 2;
    return energy / positions.length;
  });
  const ranking = units.map((_, unit) => unit).sort((a, b) => energies[a] - energies[b]);
  const mask = new Uint8Array(weight.length);
  let budget = Math.floor(dropFraction * blocks.numNonzero);
  let candidates = 0;
  for (const unit of ranking) {
    if (units[unit].length > budget) break;
    for (const position of units[unit]) mask[position] = 1;
    budget -= units[unit].length;
    candidates += units[unit].length;
  }
  return { candidates, mask };
}

/** Positions of each column of each block. */
function columnUnits(blocks: ShuffledBlocks): Uint32Array[] {
  const units: Uint32Array[] = [];
  forEachBlock(blocks, (blockRows, blockColumns) => {
    for (const column of blockColumns) units.push(blockRows.map((row) => row * blocks.columns + column));
  });
  return units;
}

/** Positions of each block. */
function blockUnits(blocks: ShuffledBlocks): Uint32Array[] {
  const units: Uint32Array[] = [];
  forEachBlock(blocks, (blockRows, blockColumns) => {
    const unit = new Uint32Array(blockRows.length * blockColumns.length);
    for (const [i, row] of blockRows.entries()) {
      for (const [j, column] of blockColumns.entries())
        unit[i * blockColumns.length + j] = row * blocks.columns + column;
    }
    units.push(unit);
  });
  return units;
}

/** Visits every block with its real rows and columns. */
function forEachBlock(blocks: ShuffledBlocks, visit: (rows: Uint32Array, columns: Uint32Array) => void): void {
  const { blockSize, groupRows, groupStart, blockColumns } = blocks;
  for (let group = 0; group < blocks.numGroups; group++) {
    const start = group * blockSize;
    const rows = groupRows.subarray(start, start + blocks.rowsInGroup(group));
    for (let block = groupStart[group]; block < groupStart[group + 1]; block++) {
      const slots = blockColumns.subarray(block * blockSize, (block + 1) * blockSize);
      const padding = slots.indexOf(PADDING);
      visit(rows, padding < 0 ? slots : slots.subarray(0, padding));
    }
  }
}
