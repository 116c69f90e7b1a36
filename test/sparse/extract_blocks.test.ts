// Choosing blocks for given row orders, and refining orders, against plain statements of both.
import { describe, expect, it } from 'vitest';
import { bestExtraction, isRefined, refineRows } from '../../src/sparse/arrange_rows.js';
import { chooseBlocks, groupEnergies } from '../../src/sparse/extract_blocks.js';
import { rankAscending, topColumns } from '../../src/sparse/rank_energies.js';
import { Random } from '../../src/tensor/random.js';
import { randomLayer, structuredMatrix } from './support.js';

/** Many equal energies, zeros among them. */
function coarse(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.below(5) / 4);
}

function randomArrangement(random: Random, layer: { rows: number; columns: number; blockSize: number }, ties: boolean) {
  const energy = ties
    ? coarse(random, layer.rows * layer.columns)
    : structuredMatrix(random, layer.rows, layer.columns).map((value) => value * value);
  const order = Uint32Array.from(random.shuffle(Array.from({ length: layer.rows }, (_, row) => row)));
  return { energy, order, energies: groupEnergies(order, energy, layer) };
}

describe('rankAscending and topColumns', () => {
  it('agree with a stable sort', () => {
    const random = new Random(3);
    for (const length of [1, 2, 50, 700]) {
      for (const energies of [coarse(random, length), structuredMatrix(random, 1, length).map(Math.abs)]) {
        const indices = Array.from(energies.keys());
        expect(Array.from(rankAscending(energies))).toEqual(indices.toSorted((a, b) => energies[a] - energies[b]));
        const descending = indices.toSorted((a, b) => energies[b] - energies[a]);
        for (const count of [0, 1, length >> 1, length]) {
          expect(Array.from(topColumns(energies, count))).toEqual(descending.slice(0, count));
        }
      }
    }
  });
});

describe('chooseBlocks', () => {
  it('keeps the best of all candidates, and one of a short group, though it ranks only some columns', () => {
    const random = new Random(5);
    for (let i = 0; i < 200; i++) {
      const layer = randomLayer(random);
      const { order, energies } = randomArrangement(random, layer, i % 2 === 0);
      const { columns, blockSize } = layer;
      const numGroups = Math.ceil(layer.rows / blockSize);
      const numBlocks = 1 + random.below(numGroups * Math.ceil(columns / blockSize));
      const extraction = chooseBlocks({ order, energies }, { ...layer, numBlocks });
      const candidates = Array.from({ length: numGroups }, (_, group) => {
        const ofGroup = energies.subarray(group * columns, (group + 1) * columns);
        const ranking = Array.from(ofGroup.keys()).sort((a, b) => ofGroup[b] - ofGroup[a]);
        return Array.from({ length: Math.ceil(columns / blockSize) }, (_, block) => {
          const kept = ranking.slice(block * blockSize, (block + 1) * blockSize);
          return { group, kept, energy: kept.reduce((sum, column) => sum + ofGroup[column], 0) };
        });
      }).flat();
      const hasShortGroup = layer.rows % blockSize !== 0 && numBlocks >= numGroups;
      const first = hasShortGroup ? [candidates[(numGroups - 1) * Math.ceil(columns / blockSize)]] : [];
      const others = candidates.filter((candidate) => !first.includes(candidate));
      const best = [...first, ...others.toSorted((a, b) => b.energy - a.energy).slice(0, numBlocks - first.length)];
      const sum = best.reduce((total, { energy }) => total + energy, 0);
      expect(extraction.energy).toBeCloseTo(sum, 6 - Math.log10(1 + sum));
      for (let group = 0; group < numGroups; group++) {
        const expected = best.filter((block) => block.group === group).flatMap(({ kept }) => kept);
        const columnsKept = extraction.rankings[group].subarray(0, extraction.kept[group] * blockSize);
        expect(Array.from(columnsKept)).toEqual(expected);
      }
    }
  });
});

describe('a short last group', () => {
  it('keeps a block beside groups of more rows, as long as there are blocks for all', () => {
    const [rows, columns, blockSize] = [10, 64, 8]; // a classifier of ten classes
    const random = new Random(9);
    const energy = Float32Array.from({ length: rows * columns }, () => random.normal() ** 2);
    const order = Uint32Array.from({ length: rows }, (_, row) => row);
    const layer = { rows, columns, blockSize };
    const kept = (numBlocks: number) =>
      Array.from(chooseBlocks({ order, energies: groupEnergies(order, energy, layer) }, { ...layer, numBlocks }).kept);
    expect(kept(7)).toEqual([6, 1]);
    expect(kept(1)).toEqual([1, 0]);
  });
});

describe('refineRows', () => {
  it('never loses energy, keeps every row, and finds scattered groups', () => {
    const random = new Random(7);
    let gained = 0;
    for (let i = 0; i < 60; i++) {
      const layer = { ...randomLayer(random), numBlocks: 0 };
      layer.numBlocks = 1 + Math.floor((0.2 * layer.rows * layer.columns) / layer.blockSize ** 2);
      if (!isRefined(layer)) continue;
      const { energy, ...arrangement } = randomArrangement(random, layer, false);
      const start = bestExtraction([arrangement], layer);
      const refined = refineRows(start, energy, layer);
      expect(refined.energy).toBeGreaterThanOrEqual(start.energy);
      expect(Array.from(refined.order).sort((a, b) => a - b)).toEqual(Array.from({ length: layer.rows }, (_, r) => r));
      if (refined.energy > 1.02 * start.energy) gained++;
      expect(refined).toEqual(refineRows(start, energy, layer));
    }
    expect(gained).toBeGreaterThan(20);
  });
});
