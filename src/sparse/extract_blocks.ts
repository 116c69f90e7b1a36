// Block extraction, as in docs/method.md: deal the rows into groups in a given order, rank the columns of each group,
// cut them into candidate blocks, keep the best of the layer.
//
// What is ranked is the energy (squared L2 norm) of columns and blocks, so that for given groups the kept norm is the largest
// possible. The original ranks columns alike but sums the norms of a block's columns.

import type { BlockShape } from './checks.js';
import { topColumns } from './rank_energies.js';
import { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

export interface ExtractionShape extends BlockShape {
  readonly numBlocks: number;
}

/** Rows dealt into groups: each B of them make one. */
export interface Arrangement {
  /** [rows], every row once. */
  readonly order: Uint32Array;
  /** [groups*columns], nonnegative and finite: what keeping a column of a group is worth. See `groupEnergies`. */
  readonly energies: Float32Array;
}

/** The blocks that an arrangement keeps: in each group those of the columns that rank first. */
export interface Extraction {
  readonly order: Uint32Array;
  /** Of each group: at least the columns of its kept blocks, by descending energy, equal ones by index. */
  readonly rankings: readonly Uint32Array[];
  /** Of each group: how many blocks are kept. */
  readonly kept: Uint32Array;
  /** Of all kept blocks. */
  readonly energy: number;
}

/**
 * Energy of each column over the rows of each group, [groups*columns].
 *
 * @param energy [rows*columns]: what keeping a weight is worth. Rows are added in order, in f32: GPUs give the same sums.
 */
export function groupEnergies(
  order: Uint32Array,
  energy: Float32Array,
  { columns, blockSize }: BlockShape,
): Float32Array {
  const sums = new Float32Array(Math.ceil(order.length / blockSize) * columns);
  for (let slot = 0; slot < order.length; slot++) {
    const group = Math.floor(slot / blockSize) * columns;
    const row = order[slot] * columns;
    for (let column = 0; column < columns; column++) sums[group + column] += energy[row + column];
  }
  return sums;
}

/**
 * The `numBlocks` candidates of highest energy; among equal ones the lower group wins. But a last group of fewer than B rows keeps its
 * best one if there are at least as many blocks as groups: its blocks hold few weights and would seldom win, and a classifier would never predict
 * the classes of its rows.
 *
 * Energies of a group's candidates descend, so that it keeps its first ones, and only its best columns need to be ranked: as
 * many as have been seen to suffice, twice as many as an equal share to begin with.
 */
export function chooseBlocks({ order, energies }: Arrangement, shape: ExtractionShape): Extraction {
  const { columns, blockSize, numBlocks } = shape;
  const numGroups = Math.ceil(shape.rows / blockSize);
  const mostBlocks = Math.ceil(columns / blockSize);
  const columnsOf = (group: number) => energies.subarray(group * columns, (group + 1) * columns);
  const rankings: Uint32Array[] = [];
  const candidates: Float64Array[] = [];
  const rank = (group: number, count: number) => {
    rankings[group] = topColumns(columnsOf(group), Math.min(count * blockSize, columns));
    candidates[group] = candidateEnergies(columnsOf(group), rankings[group], blockSize);
  };
  const share = 1 + Math.ceil((2 * numBlocks) / numGroups);
  const hasShortGroup = shape.rows % blockSize !== 0 && numBlocks >= numGroups;
  for (let group = 0; group < numGroups; group++) rank(group, Math.min(share, mostBlocks));
  for (;;) {
    const { kept, energy } = keepBest(candidates, numBlocks, hasShortGroup);
    let isDecided = true;
    for (let group = 0; group < numGroups; group++) {
      // A group that keeps all that were ranked may have more.
      if (kept[group] < candidates[group].length || kept[group] === mostBlocks) continue;
      rank(group, Math.min(2 * kept[group], mostBlocks));
      isDecided = false;
    }
    if (isDecided) return { order, rankings, kept, energy };
  }
}

/** Tables of an extraction, with values 0. */
export function blocksOf({ order, rankings, kept }: Extraction, shape: ExtractionShape): ShuffledBlocks {
  const { rows, columns, blockSize, numBlocks } = shape;
  const numGroups = rankings.length;
  const groupRows = new Uint32Array(numGroups * blockSize).fill(PADDING);
  groupRows.set(order);
  const groupStart = new Uint32Array(numGroups + 1);
  const blockColumns = new Uint32Array(numBlocks * blockSize).fill(PADDING);
  for (let group = 0; group < numGroups; group++) {
    groupStart[group + 1] = groupStart[group] + kept[group];
    blockColumns.set(rankings[group].subarray(0, kept[group] * blockSize), groupStart[group] * blockSize);
  }
  const values = new Float32Array(numBlocks * blockSize * blockSize);
  return new ShuffledBlocks({ rows, columns, blockSize, groupRows, groupStart, blockColumns, values });
}

/** Energies of the blocks that ranked columns make, best first. */
function candidateEnergies(columnEnergy: Float32Array, ranking: Uint32Array, blockSize: number): Float64Array {
  const energies = new Float64Array(Math.ceil(ranking.length / blockSize));
  for (let block = 0; block < energies.length; block++) {
    const end = Math.min((block + 1) * blockSize, ranking.length);
    let sum = 0;
    for (let i = block * blockSize; i < end; i++) sum += columnEnergy[ranking[i]];
    energies[block] = sum;
  }
  return energies;
}

/** How many of each group's candidates are kept, `count` in all, and their energy: the best, but the last group's first in any case if asked. */
function keepBest(
  candidates: readonly Float64Array[],
  count: number,
  keepsOneOfLast: boolean,
): { kept: Uint32Array; energy: number } {
  const least = (group: number) => (keepsOneOfLast && group === candidates.length - 1 ? 1 : 0);
  const competing = candidates.map((group, index) => group.subarray(least(index)));
  const others = new Float64Array(competing.reduce((length, group) => length + group.length, 0));
  let length = 0;
  for (const group of competing) {
    others.set(group, length);
    length += group.length;
  }
  const best = others.sort().subarray(Math.max(0, length - count + (keepsOneOfLast ? 1 : 0)));
  let energy = keepsOneOfLast ? candidates[candidates.length - 1][0] : 0;
  for (const one of best) energy += one;
  const lowest = best[0] ?? Number.POSITIVE_INFINITY;
  let ties = 0;
  while (ties < best.length && best[ties] === lowest) ties++;
  const kept = Uint32Array.from(candidates, (group, index) => {
    let number = least(index);
    while (number < group.length && (group[number] > lowest || (group[number] === lowest && ties-- > 0))) number++;
    return number;
  });
  return { kept, energy };
}
