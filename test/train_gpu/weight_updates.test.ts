// One topology update of one layer: what becomes of weights and of their state.

import { describe, expect, it } from 'vitest';
import { BlockWeight, MaskedWeight, type SparseWeight } from '../../src/nn/index.js';
import { initialMask, initialTopology, updateMask, updateTopology } from '../../src/sparse/index.js';
import { keep, Random, Tensor } from '../../src/tensor/index.js';
import { type UpdateOptions, updateWeight } from '../../src/train/weight_updates.js';
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

describe('agree with the CPU statements of the method', () => {
  it('DSB', async () => {
    const weight = blockWeight();
    const { blocks } = weight;
    const options = { blocks, weight: blocks.toDense(), gradient, dropFraction: 0.3, dropRule: 'column-norm' as const };
    const { after, counts } = await run(weight, { dropRule: 'column-norm' });
    const expected = updateTopology(options);
    expect(after.mask).toEqual(expected.blocks.toMask());
    expect(counts.changedBlocks).toBe(expected.changedBlocks);
  });

  it('RigL', async () => {
    const weight = maskedWeight();
    const expected = updateMask({ mask: weight.mask, weight: values, gradient, dropFraction: 0.3 });
    const { after } = await run(weight);
    expect(after.mask).toEqual(expected.mask);
  });
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
