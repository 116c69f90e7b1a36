// Block extraction, step 4 of docs/algorithm.md: deal the rows into groups in a given order, rank the columns of each group,
// cut them into candidate blocks, keep the best of the layer.
//
// What is ranked is the energy (squared L2 norm) of columns and blocks, so that for given groups the kept norm is the largest
// possible. The original ranks columns alike but sums the norms of a block's columns.

import type { BlockShape } from './checks.js';
import { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

export interface ExtractionShape extends BlockShape {
  readonly numBlocks: number;
}

interface Candidate {
  readonly group: number;
  /** Position of its first column in the group's ranking. */
  readonly start: number;
  readonly energy: number;
}

/**
 * The `numBlocks` candidates of highest energy, with values 0.
 *
 * @param rowOrder [rows], every row once; each B of them make a group.
 * @param energy [rows*columns], nonnegative and finite: what keeping a weight is worth.
 */
export function extractBlocks(rowOrder: Uint32Array, energy: Float32Array, shape: ExtractionShape): ShuffledBlocks {
  const { rows, columns, blockSize, numBlocks } = shape;
  const numGroups = Math.ceil(rows / blockSize);
  const rankings: Uint32Array[] = [];
  const candidates: Candidate[] = [];
  for (let group = 0; group < numGroups; group++) {
    const columnEnergy = groupEnergy(groupOf(rowOrder, group, blockSize), energy, columns);
    const ranking = rankColumns(columnEnergy);
    rankings.push(ranking);
    for (let start = 0; start < columns; start += blockSize) {
      let sum = 0;
      for (let i = start; i < Math.min(start + blockSize, columns); i++) sum += columnEnergy[ranking[i]];
      candidates.push({ group, start, energy: sum });
    }
  }
  candidates.sort((a, b) => b.energy - a.energy);
  const kept = candidates.slice(0, numBlocks).sort((a, b) => a.group - b.group || a.start - b.start);

  const groupRows = new Uint32Array(numGroups * blockSize).fill(PADDING);
  groupRows.set(rowOrder);
  const groupStart = new Uint32Array(numGroups + 1);
  for (const { group } of kept) groupStart[group + 1]++;
  for (let group = 0; group < numGroups; group++) groupStart[group + 1] += groupStart[group];
  const blockColumns = new Uint32Array(numBlocks * blockSize).fill(PADDING);
  for (const [block, { group, start }] of kept.entries()) {
    blockColumns.set(rankings[group].subarray(start, start + blockSize), block * blockSize);
  }
  const values = new Float32Array(numBlocks * blockSize * blockSize);
  return new ShuffledBlocks({ rows, columns, blockSize, groupRows, groupStart, blockColumns, values });
}

/** Rows of a group: B of them, or what is left for the last. */
export function groupOf(rowOrder: Uint32Array, group: number, blockSize: number): Uint32Array {
  return rowOrder.subarray(group * blockSize, (group + 1) * blockSize);
}

/** Energy of each column over the rows of one group, [columns]. */
export function groupEnergy(groupRows: Uint32Array, energy: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (const row of groupRows) {
    const start = row * columns;
    for (let column = 0; column < columns; column++) sums[column] += energy[start + column];
  }
  return sums;
}

/** Columns by descending energy, equal ones by index. */
function rankColumns(columnEnergy: Float64Array): Uint32Array {
  // Energy (31 bits of a nonnegative float) and index packed into one exact integer: sorting numbers without a comparator
  // is several times faster. Descending energy becomes ascending key; 53 bits leave 22 for the index.
  const indexRange = 2 ** 22;
  const bits = new Uint32Array(new Float32Array(columnEnergy).buffer);
  const keys = new Float64Array(bits.length);
  for (let column = 0; column < keys.length; column++) keys[column] = (0x7fffffff - bits[column]) * indexRange + column;
  keys.sort();
  const ranking = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) ranking[i] = keys[i] % indexRange;
  return ranking;
}

/** Energies of a group's candidate blocks, best first, [ceil(columns/B)]. */
export function candidateEnergies(columnEnergy: Float64Array, blockSize: number): Float64Array {
  const sorted = columnEnergy.slice().sort().reverse();
  const energies = new Float64Array(Math.ceil(sorted.length / blockSize));
  for (let i = 0; i < sorted.length; i++) energies[Math.floor(i / blockSize)] += sorted[i];
  return energies;
}

/** Sum of the `count` largest of some groups' candidate energies: what `extractBlocks` would keep. */
export function keptEnergy(energies: readonly Float64Array[], count: number): number {
  const all = new Float64Array(energies.reduce((length, group) => length + group.length, 0));
  let offset = 0;
  for (const group of energies) {
    all.set(group, offset);
    offset += group.length;
  }
  all.sort();
  let sum = 0;
  for (let i = Math.max(0, all.length - count); i < all.length; i++) sum += all[i];
  return sum;
}
