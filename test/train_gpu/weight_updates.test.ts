// One topology update of one layer: what becomes of weights and of their state.

import { describe, expect, it } from 'vitest';
import { BlockWeight, MaskedWeight, type SparseWeight } from '../../src/nn/index.js';
import {
  type DropRuleName,
  dropRules,
  initialMask,
  initialTopology,
  updateMask,
  updateMaskRandomly,
  updateTopology,
} from '../../src/sparse/index.js';
import { keep, Random, Tensor } from '../../src/tensor/index.js';
import { type UpdateOptions, updateWeight } from '../../src/train/topology/weight_updates.js';
import { type RandomLayer, randomTopology, structuredMatrix } from '../sparse/support.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
/** 10 rows and 27 columns: padded by blocks of 4. */
const SHAPE = [10, 3, 3, 3];
const SIZE = 270;
const values = normalValues(SIZE, 1);
const gradient = normalValues(SIZE, 2);
/** Dense values of two slots, as an optimizer with two moments has. Never 0, so that one that is lost shows. */
const states = [3, 4].map((seed) => normalValues(SIZE, seed).map((value) => value + Math.sign(value)));

function blockWeight(): BlockWeight {
  const topology = initialTopology(values, { rows: 10, columns: 27, blockSize: 4, sparsity: 0.6 });
  return new BlockWeight(device, SHAPE, topology);
}

function maskedWeight(): MaskedWeight {
  return new MaskedWeight(device, values, SHAPE, initialMask(values, 0.6));
}

function maskOf(weight: SparseWeight): Uint8Array {
  return weight instanceof BlockWeight ? weight.blocks.toMask() : (weight as MaskedWeight).mask;
}

/** State of the parameter's shape as a dense matrix. */
async function denseState(weight: SparseWeight, state: Tensor): Promise<Float32Array> {
  const read = (await state.read()) as Float32Array;
  return weight instanceof BlockWeight ? weight.blocks.withValues(read).toDense() : read;
}

interface Case extends UpdateOptions {
  readonly growth?: 'gradient' | 'random';
}

/** Runs an update; returns everything before and after it, dense. */
async function run(weight: SparseWeight, { growth = 'gradient', ...options }: Case = {}, dropFraction = 0.3) {
  const mask = maskOf(weight).slice();
  const start = states.map((state) => state.map((value, i) => (mask[i] === 1 ? value : 0)));
  const slots = start.map((state) => {
    const initial = weight instanceof BlockWeight ? weight.blocks.fromDense(state).values : state;
    return keep(Tensor.from(device, initial, weight.parameter.shape));
  });
  const dense = keep(Tensor.from(device, gradient, SHAPE));
  const before = { mask, weight: await weight.readDense(), states: start };
  const scores = growth === 'gradient' ? dense : undefined;
  const counts = await updateWeight({ weight, slots, scores, dropFraction, random: new Random(1) }, options);
  const after = {
    mask: maskOf(weight),
    weight: await weight.readDense(),
    states: await Promise.all(slots.map((slot) => denseState(weight, slot))),
  };
  for (const part of [weight, ...slots, dense]) part.dispose();
  return { before, after, counts };
}

const CASES: [string, () => SparseWeight, Case][] = [
  ['DSB, column-norm', blockWeight, { dropRule: 'column-norm' }],
  ['DSB, block-norm', blockWeight, { dropRule: 'block-norm' }],
  ['RigL', maskedWeight, {}],
  ['SET', maskedWeight, { growth: 'random' }],
  ['DSB, grown at random', blockWeight, { dropRule: 'column-norm', growth: 'random' }],
];

describe.each(CASES)('%s', (_, make, options) => {
  it('keeps weight and state of what survives, and starts what grows at 0', async () => {
    const { before, after, counts } = await run(make(), options);
    const survives = after.mask.map((one, i) => one & before.mask[i]);
    const kept = (array: Float32Array) => array.map((value, i) => (survives[i] === 1 ? value : 0));
    expect(after.weight).toEqual(kept(before.weight));
    expect(after.states).toEqual(before.states.map(kept));
    const grown = after.mask.filter((one, i) => one > before.mask[i]).length;
    const dropped = after.mask.filter((one, i) => one < before.mask[i]).length;
    expect(counts).toMatchObject({ grown, dropped });
    expect(grown).toBeGreaterThan(0);
    expect(counts.candidates).toBeGreaterThan(0);
  });

  it('changes nothing where nothing may be dropped', async () => {
    const { before, after, counts } = await run(make(), options, 0);
    expect(after).toEqual(before);
    expect(counts).toMatchObject({ candidates: 0, dropped: 0, grown: 0 });
  });
});

describe('agree bit for bit with the CPU statements of the method', () => {
  // Padded rows and columns, columns that are no multiple of a word, one group, refined layers and one too large for that.
  const LAYERS: RandomLayer[] = [
    { rows: 10, columns: 27, blockSize: 4, sparsity: 0.6 },
    { rows: 3, columns: 40, blockSize: 8, sparsity: 0.5 },
    { rows: 64, columns: 144, blockSize: 16, sparsity: 0.9 },
    { rows: 70, columns: 95, blockSize: 5, sparsity: 0.8 },
    { rows: 100, columns: 720, blockSize: 16, sparsity: 0.9 },
    { rows: 144, columns: 515, blockSize: 8, sparsity: 0.95 },
  ];
  const FRACTIONS = [0.3, 0.05, 1];

  const blockCases = LAYERS.flatMap((layer) =>
    (Object.keys(dropRules) as DropRuleName[]).map((dropRule) => ({ ...layer, dropRule })),
  );
  it.each(blockCases)('DSB, $rows x $columns, blocks of $blockSize, $dropRule', async ({ dropRule, ...layer }) => {
    const random = new Random(layer.rows);
    const shape = [layer.rows, layer.columns];
    const weight = new BlockWeight(device, shape, randomTopology(random, layer));
    for (const [i, dropFraction] of FRACTIONS.entries()) {
      // The last update grows at random.
      const scores = i < 2 ? structuredMatrix(random, ...(shape as [number, number])) : undefined;
      const gradient = scores ?? randomNumbers(new Random(i), layer.rows * layer.columns);
      const before = await weight.readBlocks();
      const expected = updateTopology({ blocks: before, weight: before.toDense(), gradient, dropFraction, dropRule });
      const counts = await update(weight, scores, dropFraction, i, dropRule);
      expect(await weight.readBlocks()).toEqual(expected.changedBlocks > 0 ? expected.blocks : before);
      const { candidates, changedBlocks } = expected;
      expect(counts).toEqual({ candidates, changedBlocks, dropped: sum(expected.dropped), grown: sum(expected.grown) });
      // Values that training would have moved.
      weight.parameter.write(weight.blocks.fromDense(structuredMatrix(random, layer.rows, layer.columns)).values);
    }
    weight.dispose();
  });

  it.each(LAYERS)('RigL and SET, $rows x $columns', async ({ rows, columns, sparsity }) => {
    const random = new Random(columns);
    const dense = structuredMatrix(random, rows, columns);
    const weight = new MaskedWeight(device, dense, [rows, columns], initialMask(dense, sparsity));
    for (const [i, dropFraction] of FRACTIONS.entries()) {
      for (const gradient of [structuredMatrix(random, rows, columns), undefined]) {
        const options = { mask: weight.mask, weight: await weight.readDense(), dropFraction };
        const uniform = new Random(i);
        const expected = gradient
          ? updateMask({ ...options, gradient })
          : updateMaskRandomly({ ...options, random: () => uniform.uniform() });
        const counts = await update(weight, gradient, dropFraction, i);
        expect(weight.mask).toEqual(expected.mask);
        const survives = (value: number, at: number) => (options.mask[at] & expected.mask[at] ? value : 0);
        expect(await weight.readDense()).toEqual(options.weight.map(survives));
        const [dropped, grown] = [sum(expected.dropped), sum(expected.grown)];
        expect(counts).toEqual({ candidates: expected.candidates, dropped, grown });
        const values = structuredMatrix(random, rows, columns);
        weight.parameter.write(values.map((value, at) => value * expected.mask[at]));
      }
    }
    weight.dispose();
  });

  async function update(
    weight: SparseWeight,
    values: Float32Array | undefined,
    dropFraction: number,
    seed: number,
    dropRule?: DropRuleName,
  ) {
    const scores = values && keep(Tensor.from(device, values, weight.shape));
    const input = { weight, slots: [], scores, dropFraction, random: new Random(seed) };
    const counts = await updateWeight(input, { dropRule });
    scores?.dispose();
    return counts;
  }

  const sum = (mask: Uint8Array) => mask.reduce((total, one) => total + one, 0);
  const randomNumbers = (random: Random, length: number) => Float32Array.from({ length }, () => random.uniform());
});

it.each(CASES.slice(0, 3))(
  '%s leaves weight and state alone when the gradient is not finite',
  async (_, make, options) => {
    const weight = make();
    const velocity = keep(Tensor.from(device, new Float32Array(weight.parameter.size).fill(2), weight.parameter.shape));
    const before = await weight.readDense();
    const broken = keep(
      Tensor.from(
        device,
        gradient.map((value, i) => (i === 77 ? Number.NaN : value)),
        SHAPE,
      ),
    );
    await expect(
      updateWeight({ weight, slots: [velocity], scores: broken, dropFraction: 0.3, random: new Random(1) }, options),
    ).rejects.toThrow(/expected finite values in gradient, got NaN at index 77$/);
    expect(await weight.readDense()).toEqual(before);
    expect((await velocity.read()).every((value) => value === 2)).toBe(true);
    for (const part of [weight, velocity, broken]) part.dispose();
  },
);
