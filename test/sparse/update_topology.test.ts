// Topology updates: the promises of updateTopology over many random layers, and state that follows its weight.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import {
  type DropRuleName,
  dropRules,
  PADDING,
  remapSlots,
  remapValues,
  ShuffledBlocks,
  type TopologyUpdate,
  updateTopology,
} from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/random.js';
import {
  count,
  expectSame,
  masked,
  norm,
  randomLayer,
  randomMatrix,
  randomTopology,
  structuredMatrix,
} from './support.js';

const RULES = Object.keys(dropRules) as DropRuleName[];

function checkUpdate(before: ShuffledBlocks, weight: Float32Array, dropFraction: number, update: TopologyUpdate): void {
  const { blocks, dropped, grown, candidates, changedBlocks } = update;
  blocks.validate();
  expect(blocks.numBlocks).toBe(before.numBlocks);
  const [maskBefore, maskAfter] = [before.toMask(), blocks.toMask()];
  expectSame(
    dropped,
    maskBefore.map((one, i) => one & ~maskAfter[i]),
  );
  expectSame(
    grown,
    maskAfter.map((one, i) => one & ~maskBefore[i]),
  );
  const isPadded = before.rows % before.blockSize !== 0 || before.columns % before.blockSize !== 0;
  if (!isPadded) expect(count(maskAfter)).toBe(count(maskBefore));
  expectSame(
    blocks.toDense(),
    masked(
      weight,
      maskBefore.map((one, i) => one & maskAfter[i]),
    ),
  );
  expect(candidates).toBeLessThanOrEqual(dropFraction * count(maskBefore));
  const changed = new Set<number>();
  blocks.forEachWeight((_, position, block) => {
    if (grown[position] === 1) changed.add(block);
  });
  expect(changedBlocks).toBe(changed.size);
}

describe('updateTopology', () => {
  it.each(RULES)('keeps its promises over random updates of random layers: %s', (dropRule) => {
    const random = new Random(41);
    let updatesWithChange = 0;
    for (let layerIndex = 0; layerIndex < 34; layerIndex++) {
      const layer = randomLayer(random);
      let blocks = randomTopology(random, layer);
      for (let i = 0; i < 10; i++) {
        const weight = structuredMatrix(random, layer.rows, layer.columns);
        const gradient = structuredMatrix(random, layer.rows, layer.columns);
        const dropFraction = [0, 0.1, 0.3, 0.3, 1][random.below(5)];
        const update = updateTopology({ blocks, weight, gradient, dropFraction, dropRule });
        checkUpdate(blocks, weight, dropFraction, update);
        if (count(update.grown) > 0) updatesWithChange++;
        blocks = update.blocks;
      }
    }
    expect(updatesWithChange).toBeGreaterThan(50);
  });

  // Layers of several groups refine the order of their rows at each update, which takes 10 to 30 ms.
  it.each(RULES)('keeps its promises over 1,000 updates in training: %s', (dropRule) => {
    const random = new Random(43);
    const train = (updates: number, rows: number, columns: number, blockSize: number): number => {
      const first = randomTopology(random, { rows, columns, blockSize, sparsity: 0.6 });
      let blocks = first;
      let changes = 0;
      for (let i = 0; i < updates; i++) {
        // Training moves the active weights; those that were grown start from 0.
        const noise = structuredMatrix(random, rows, columns);
        const mask = blocks.toMask();
        const weight = blocks.toDense().map((value, at) => (mask[at] === 1 ? 0.9 * value + 0.3 * noise[at] : 0));
        const gradient = structuredMatrix(random, rows, columns);
        const update = updateTopology({ blocks, weight, gradient, dropFraction: 0.3, dropRule });
        checkUpdate(blocks, weight, 0.3, update);
        if (update.changedBlocks > 0) changes++;
        blocks = update.blocks;
      }
      expect(count(blocks.toMask())).toBe(count(first.toMask()));
      return changes;
    };
    expect(train(960, 8, 64, 8)).toBeGreaterThan(50);
    expect(train(40, 12, 24, 4)).toBeGreaterThan(5);
  });

  it('takes the drop rule of the original by default', () => {
    const random = new Random(43);
    const blocks = randomTopology(random, { rows: 32, columns: 72, blockSize: 8, sparsity: 0.8 });
    const weight = structuredMatrix(random, 32, 72);
    const gradient = structuredMatrix(random, 32, 72);
    const options = { blocks, weight, gradient, dropFraction: 0.3 };
    const update = updateTopology(options);
    expect(update).toEqual(updateTopology({ ...options, dropRule: 'original' }));
    expect(count(update.grown)).toBeGreaterThan(0);
  });

  it('changes nothing when nothing is dropped, but takes the weights over', () => {
    const random = new Random(47);
    const blocks = randomTopology(random, { rows: 16, columns: 36, blockSize: 4, sparsity: 0.7 });
    const weight = randomMatrix(random, 16, 36);
    const update = updateTopology({ blocks, weight, gradient: randomMatrix(random, 16, 36), dropFraction: 0 });
    expect([count(update.dropped), count(update.grown), update.candidates, update.changedBlocks]).toEqual([0, 0, 0, 0]);
    expect(update.blocks).toEqual(blocks.fromDense(weight));
  });

  it('moves a block of dead weights to where the gradient is', () => {
    // 8 x 16 in blocks of 4: rows 0 to 3 hold columns 0 to 7, rows 4 to 7 hold 8 to 15.
    const mask = Uint8Array.from({ length: 128 }, (_, i) => (i < 64 === i % 16 < 8 ? 1 : 0));
    const weight = Float32Array.from({ length: 128 }, (_, i) => (i < 64 && i % 16 < 4 ? 1e-3 : 1));
    const gradient = Float32Array.from({ length: 128 }, (_, i) => (i < 64 && i % 16 >= 12 ? 1 : 1e-3));
    const blocks = ShuffledBlocks.fromMask(mask, 8, 16, 4, weight);
    for (const dropRule of RULES) {
      const update = updateTopology({ blocks, weight, gradient, dropFraction: 0.25, dropRule });
      const expected = (start: number) =>
        Uint8Array.from({ length: 128 }, (_, i) => +(i < 64 && (i % 16) >> 2 === start));
      expect(update.dropped, dropRule).toEqual(expected(0));
      expect(update.grown, dropRule).toEqual(expected(3));
      expect([update.candidates, update.changedBlocks]).toEqual([16, 1]);
    }
  });

  it('grows where the gradient is larger than elsewhere', () => {
    const random = new Random(53);
    const blocks = randomTopology(random, { rows: 64, columns: 144, blockSize: 8, sparsity: 0.9 });
    const weight = structuredMatrix(random, 64, 144);
    const gradient = structuredMatrix(random, 64, 144);
    const { grown } = updateTopology({ blocks, weight, gradient, dropFraction: 0.5, dropRule: 'block-norm' });
    const inactive = blocks.toMask().map((one) => 1 - one);
    const meanSquare = (mask: Uint8Array) => norm(gradient, mask) ** 2 / count(mask);
    expect(meanSquare(grown)).toBeGreaterThan(3 * meanSquare(inactive));
  });

  it.each([
    [{ weight: new Float32Array(3) }, 'expected weight of length 32, got 3'],
    [{ gradient: new Float32Array(33) }, 'expected gradient of length 32, got 33'],
    [{ weight: new Float32Array(32).fill(Number.NaN) }, 'expected finite values in weight, got NaN at index 0'],
    [
      { gradient: new Float32Array(32).fill(Number.POSITIVE_INFINITY, 9) },
      'expected finite values in gradient, got Infinity at index 9',
    ],
    [{ dropFraction: -0.1 }, 'expected dropFraction in [0, 1], got -0.1'],
    [{ dropFraction: Number.NaN }, 'expected dropFraction in [0, 1], got NaN'],
    [{ dropRule: 'smallest' as never }, 'expected dropRule original | column-norm | block-norm, got smallest'],
  ])('refuses %o', (change, message) => {
    const blocks = ShuffledBlocks.fromMask(new Uint8Array(32).fill(1), 4, 8, 4);
    const valid = { blocks, weight: new Float32Array(32), gradient: new Float32Array(32), dropFraction: 0.3 };
    expect(() => updateTopology({ ...valid, ...change })).toThrow(new InputError(`updateTopology: ${message}`));
  });
});

describe('remapSlots and remapValues', () => {
  it('let state follow its weight, and start it at 0 where grown', () => {
    const random = new Random(59);
    for (let i = 0; i < 60; i++) {
      const layer = randomLayer(random);
      const { rows, columns } = layer;
      const from = randomTopology(random, layer);
      const to = randomTopology(random, layer);
      const dense = randomMatrix(random, rows, columns);
      const moved = remapValues(from, to, from.fromDense(dense).values);
      const stayed = from.toMask();
      expectSame(to.withValues(moved).toDense(), to.fromDense(masked(dense, stayed)).toDense());
      to.withValues(moved).validate();
      const sources = remapSlots(from, to);
      expect(sources.length).toBe(to.values.length);
      const state = from.fromDense(dense).values;
      expectSame(
        moved,
        Array.from(sources, (source) => (source === PADDING ? 0 : state[source])),
      );
    }
  });

  it('move nothing when nothing changes', () => {
    const blocks = ShuffledBlocks.fromMask(new Uint8Array(32).fill(1), 4, 8, 4);
    expect(Array.from(remapSlots(blocks, blocks))).toEqual(Array.from({ length: 32 }, (_, slot) => slot));
  });

  it('refuse topologies of different layers and state of another length', () => {
    const small = ShuffledBlocks.fromMask(new Uint8Array(32).fill(1), 4, 8, 4);
    const large = ShuffledBlocks.fromMask(new Uint8Array(64).fill(1), 8, 8, 4);
    expect(() => remapSlots(small, large)).toThrow(
      new InputError('remapSlots: expected topologies of one layer, got [4, 8] and [8, 8]'),
    );
    expect(() => remapValues(small, small, new Float32Array(31))).toThrow(
      new InputError('remapValues: expected state of length 32, got 31'),
    );
  });
});
