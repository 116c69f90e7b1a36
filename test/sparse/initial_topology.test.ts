import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { blockCount, initialMask, initialTopology, PADDING } from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/random.js';
import { expectSame, masked, norm, randomLayer, randomMatrix } from './support.js';

/** 16 x 24 with six blocks of 4 x 4 of weights above 1 in four row groups, the rest below 0.1. */
function planted(random: Random) {
  const weight = randomMatrix(random, 16, 24).map((value) => 0.1 * Math.tanh(value));
  const mask = new Uint8Array(weight.length);
  const rows = random.shuffle(Array.from({ length: 16 }, (_, row) => row));
  for (const [group, numBlocks] of [1, 1, 2, 2].entries()) {
    const columns = random.shuffle(Array.from({ length: 24 }, (_, column) => column)).slice(0, 4 * numBlocks);
    for (const row of rows.slice(4 * group, 4 * group + 4)) {
      for (const column of columns) {
        mask[row * 24 + column] = 1;
        weight[row * 24 + column] = (1 + random.uniform()) * (random.below(2) === 0 ? -1 : 1);
      }
    }
  }
  return { weight, mask };
}

describe('initialTopology', () => {
  it('finds planted blocks whatever the order of rows and columns', () => {
    const random = new Random(23);
    for (let i = 0; i < 50; i++) {
      const { weight, mask } = planted(random);
      const blocks = initialTopology(weight, { rows: 16, columns: 24, blockSize: 4, sparsity: 0.75 }).validate();
      expectSame(blocks.toMask(), mask);
      expectSame(blocks.toDense(), masked(weight, mask));
    }
  });

  it('gives valid tables of the right number of blocks, the same every time, for 200 random layers', () => {
    const random = new Random(29);
    for (let i = 0; i < 200; i++) {
      const layer = randomLayer(random);
      const weight = randomMatrix(random, layer.rows, layer.columns);
      const blocks = initialTopology(weight, layer).validate();
      expect(blocks.numBlocks).toBe(blockCount(1 - layer.sparsity, layer));
      const again = initialTopology(weight, layer);
      for (const table of ['groupRows', 'groupStart', 'blockColumns', 'values'] as const) {
        expectSame(again[table], blocks[table]);
      }
      expectSame(blocks.toDense(), masked(weight, blocks.toMask()));
    }
  });

  it('keeps more of the largest weights than the same blocks anywhere', () => {
    const random = new Random(31);
    const shape = { rows: 64, columns: 144, blockSize: 8 };
    const weight = randomMatrix(random, 64, 144);
    const blocks = initialTopology(weight, { ...shape, sparsity: 0.9 });
    const kept = initialMask(weight, 0.9);
    const largest = masked(weight, kept);
    // At random a tenth of the energy of the largest tenth.
    expect(norm(largest, blocks.toMask()) ** 2).toBeGreaterThan(2 * 0.1 * norm(largest, kept) ** 2);
  });

  it('keeps everything at sparsity 0 where blocks fill the layer', () => {
    const weight = randomMatrix(new Random(1), 8, 12);
    expect(initialTopology(weight, { rows: 8, columns: 12, blockSize: 4, sparsity: 0 }).toDense()).toEqual(weight);
  });

  it('pads one group when there are fewer rows than a block', () => {
    const weight = randomMatrix(new Random(1), 3, 20);
    const blocks = initialTopology(weight, { rows: 3, columns: 20, blockSize: 16, sparsity: 0.8 }).validate();
    expect(Array.from(blocks.groupRows).filter((row) => row !== PADDING)).toEqual([0, 1, 2]);
    expect([blocks.numBlocks, blocks.numNonzero]).toEqual([1, 48]);
  });

  it.each([
    [{ blockSize: 0 }, 'expected blockSize an integer >= 4, got 0'],
    [{ blockSize: -16 }, 'expected blockSize an integer >= 4, got -16'],
    [{ blockSize: 3 }, 'expected blockSize an integer >= 4, got 3'],
    [{ blockSize: 32 }, "expected blockSize at most the layer's 12 columns, got 32 (layer [8, 12])"],
    [{ sparsity: 1 }, 'expected sparsity in [0, 1), got 1'],
    [{ sparsity: -0.01 }, 'expected sparsity in [0, 1), got -0.01'],
    [{ sparsity: Number.NaN }, 'expected sparsity in [0, 1), got NaN'],
    [{ rows: 9 }, 'expected weight of length 108, got 96'],
    [{ rows: -8 }, 'expected rows a positive integer, got -8'],
  ])('refuses %o', (change, message) => {
    const options = { rows: 8, columns: 12, blockSize: 4, sparsity: 0.5, ...change };
    expect(() => initialTopology(new Float32Array(96), options)).toThrow(new InputError(`initialTopology: ${message}`));
  });

  it('refuses weights that are not finite', () => {
    const weight = new Float32Array(96);
    weight[40] = Number.NaN;
    expect(() => initialTopology(weight, { rows: 8, columns: 12, blockSize: 4, sparsity: 0.5 })).toThrow(
      new InputError('initialTopology: expected finite values in weight, got NaN at index 40'),
    );
  });
});
