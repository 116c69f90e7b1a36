// The drop rules against statements of them in plain loops.
import { describe, expect, it } from 'vitest';
import { type Drop, dropRules, PADDING, ShuffledBlocks } from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/random.js';
import { count, expectSame, randomLayer, randomTopology, structuredMatrix } from './support.js';

/** [rows*columns], 1 where the rule drops a weight. */
function dropped(blocks: ShuffledBlocks, { slots }: Drop): Uint8Array {
  return Uint8Array.from(blocks.withValues(Float32Array.from(slots)).toDense());
}

/** Positions of every block, [real rows][real columns]. */
function positionsOf(blocks: ShuffledBlocks): number[][][] {
  const { blockSize, columns, groupRows, groupStart, blockColumns } = blocks;
  return Array.from({ length: blocks.numBlocks }, (_, block) => {
    const group = groupStart.findIndex((start, g) => start <= block && block < groupStart[g + 1]);
    const rows = groupRows.slice(group * blockSize, (group + 1) * blockSize).filter((row) => row !== PADDING);
    const kept = blockColumns.slice(block * blockSize, (block + 1) * blockSize).filter((column) => column !== PADDING);
    return Array.from(rows, (row) => Array.from(kept, (column) => row * columns + column));
  });
}

function originalRule(blocks: ShuffledBlocks, weight: Float32Array, dropFraction: number) {
  const active = positionsOf(blocks).flat(2);
  const candidates = Math.floor(dropFraction * active.length);
  const smallest = active.sort((a, b) => Math.abs(weight[a]) - Math.abs(weight[b]) || a - b).slice(0, candidates);
  const isCandidate = new Set(smallest);
  const mask = new Uint8Array(weight.length);
  for (const block of positionsOf(blocks)) {
    const [height, width] = [block.length, block[0].length];
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const inRow = block[i].filter((position) => isCandidate.has(position)).length;
        const inColumn = block.filter((row) => isCandidate.has(row[j])).length;
        if (isCandidate.has(block[i][j]) && (inRow >= width / 2 || inColumn >= height / 2)) mask[block[i][j]] = 1;
      }
    }
  }
  return { candidates, mask };
}

/** Whole units by ascending mean square, until one no longer fits. */
function unitRule(units: number[][], weight: Float32Array, dropFraction: number) {
  const worth = (unit: number[]) => unit.reduce((sum, position) => sum + weight[position] ** 2, 0) / unit.length;
  const mask = new Uint8Array(weight.length);
  const budget = Math.floor(dropFraction * units.flat().length);
  let candidates = 0;
  for (const unit of units.slice().sort((a, b) => worth(a) - worth(b))) {
    if (candidates + unit.length > budget) break;
    for (const position of unit) mask[position] = 1;
    candidates += unit.length;
  }
  return { candidates, mask };
}

const REFERENCES: Record<keyof typeof dropRules, typeof originalRule> = {
  original: originalRule,
  'column-norm': (blocks, weight, dropFraction) => {
    const columns = positionsOf(blocks).flatMap((block) => block[0].map((_, j) => block.map((row) => row[j])));
    return unitRule(columns, weight, dropFraction);
  },
  'block-norm': (blocks, weight, dropFraction) =>
    unitRule(
      positionsOf(blocks).map((block) => block.flat()),
      weight,
      dropFraction,
    ),
};

describe.each(Object.keys(dropRules) as (keyof typeof dropRules)[])('%s', (rule) => {
  it('does what its statement says, on 150 random layers', () => {
    const random = new Random(37);
    let numDropped = 0;
    for (let i = 0; i < 150; i++) {
      const layer = randomLayer(random);
      const blocks = randomTopology(random, layer);
      const weight = structuredMatrix(random, layer.rows, layer.columns);
      const dropFraction = [0, 0.1, 0.3, 0.6, 1][random.below(5)];
      const drop = dropRules[rule](blocks.fromDense(weight), dropFraction);
      const expected = REFERENCES[rule](blocks, weight, dropFraction);
      expect(drop.candidates).toBe(expected.candidates);
      expectSame(dropped(blocks, drop), expected.mask);
      expect(drop.candidates).toBeLessThanOrEqual(dropFraction * blocks.numNonzero);
      numDropped += count(drop.slots);
    }
    expect(numDropped).toBeGreaterThan(1000);
  });
});

describe('original', () => {
  const blocks = ShuffledBlocks.fromMask(new Uint8Array(16).fill(1), 4, 4, 4);

  it('drops a candidate where half of its row or column are candidates, and spares it elsewhere', () => {
    // Smallest: two in row 0, two in column 3, one alone at (2, 1).
    const weight = Float32Array.of(1, 9, 2, 9, 9, 9, 9, 3, 9, 5, 9, 9, 9, 9, 9, 4);
    const drop = dropRules.original(blocks.fromDense(weight), 5 / 16);
    expect(drop.candidates).toBe(5);
    expect(Array.from(dropped(blocks, drop))).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('drops nothing where no row or column is crowded', () => {
    const weight = Float32Array.of(1, 9, 9, 9, 9, 2, 9, 9, 9, 9, 3, 9, 9, 9, 9, 4);
    expect(count(dropRules.original(blocks.fromDense(weight), 0.25).slots)).toBe(0);
  });
});
