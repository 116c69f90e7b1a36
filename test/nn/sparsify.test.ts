// From a dense network to a sparse one: densities, layers that stay dense, what is refused.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { createModel } from '../../src/models/index.js';
import {
  BlockWeight,
  DenseWeight,
  MaskedWeight,
  type Module,
  nonstructured,
  type SparseForm,
  type SparsifyOptions,
  shuffledBlocks,
  sparsifiableLayers,
  sparsify,
} from '../../src/nn/index.js';
import { layerDensities } from '../../src/sparse/index.js';
import { Random, sizeOf } from '../../src/tensor/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const IMAGE = { channels: 1, height: 12, width: 12, classes: 10 };
const model = () => createModel('lenet300-100', { device, random: new Random(1) }, IMAGE);

async function sparse(form: SparseForm, options: SparsifyOptions): Promise<Module> {
  const result = model();
  await sparsify(device, result, form, options);
  return result;
}

function densities(of: Module): Record<string, number> {
  return Object.fromEntries(
    sparsifiableLayers(of).map(([name, { weight }]) => [name, weight.numActive / sizeOf(weight.shape)]),
  );
}

const SHAPES = [
  { name: 'fc1', shape: [300, 144] },
  { name: 'fc2', shape: [100, 300] },
  { name: 'fc3', shape: [10, 100] },
];

describe.each(['erk', 'er', 'uniform'] as const)('%s', (distribution) => {
  const expected = layerDensities({ layers: SHAPES, sparsity: 0.8, distribution });

  it('masks: every layer has its density to the weight', async () => {
    const result = await sparse(nonstructured, { sparsity: 0.8, distribution });
    for (const [name, { weight }] of sparsifiableLayers(result)) {
      const size = sizeOf(weight.shape);
      const density = expected.get(name)!;
      const form = density === 1 ? DenseWeight : MaskedWeight;
      expect(weight, name).toBeInstanceOf(form);
      expect(Math.abs(weight.numActive - size * density), name).toBeLessThan(1);
    }
    result.dispose();
  });

  it('blocks: every layer has its density to the block', async () => {
    const result = await sparse(shuffledBlocks(4), { sparsity: 0.8, distribution });
    for (const [name, { weight }] of sparsifiableLayers(result)) {
      const density = expected.get(name)!;
      expect(weight, name).toBeInstanceOf(density === 1 ? DenseWeight : BlockWeight);
      const surplus = weight.numActive - sizeOf(weight.shape) * density;
      // A block more than the density, or a block of the padded group, which holds less than others.
      expect(Math.abs(surplus), name).toBeLessThan(16);
      if (weight instanceof BlockWeight) expect(weight.blocks.validate().blockSize).toBe(4);
    }
    result.dispose();
  });
});

describe('sparsify', () => {
  it('keeps the largest weights with their values', async () => {
    const dense = model();
    const [[, layer]] = sparsifiableLayers(dense);
    const before = await layer.weight.readDense();
    await sparsify(device, dense, nonstructured, { sparsity: 0.9 });
    const after = await layer.weight.readDense();
    const kept = before.filter((_, i) => after[i] !== 0);
    const pruned = before.filter((_, i) => after[i] === 0);
    expect(after.filter((value) => value !== 0)).toEqual(kept);
    const smallest = kept.reduce((least, value) => Math.min(least, Math.abs(value)), 1);
    expect(pruned.every((value) => Math.abs(value) <= smallest)).toBe(true);
    dense.dispose();
  });

  it('leaves named layers dense, and the others make up for them', async () => {
    const result = await sparse(nonstructured, { sparsity: 0.8, distribution: 'uniform', denseLayers: ['fc3'] });
    const { fc1, fc3 } = densities(result);
    expect(fc3).toBe(1);
    expect(fc1).toBeCloseTo((0.2 * 74_200 - 1000) / 73_200, 3);
    result.dispose();
  });

  it('leaves layers of fewer columns than a block dense', async () => {
    const result = await sparse(shuffledBlocks(128), { sparsity: 0.5, distribution: 'uniform' });
    expect(sparsifiableLayers(result).map(([, { weight }]) => weight instanceof BlockWeight)).toEqual([
      true,
      true,
      false,
    ]);
    result.dispose();
  });

  it('gives each layer its own form and density', async () => {
    const result = model();
    const forms = new Map<string, SparseForm>([
      ['fc1', shuffledBlocks(8)],
      ['fc2', nonstructured],
    ]);
    const fixedDensities = new Map([['fc2', 0.25]]);
    await sparsify(device, result, (name) => forms.get(name), { sparsity: 0.8, fixedDensities });
    const weights = sparsifiableLayers(result).map(([, { weight }]) => weight);
    expect(weights[0]).toBeInstanceOf(BlockWeight);
    expect((weights[0] as BlockWeight).blocks.blockSize).toBe(8);
    expect(weights[1]).toBeInstanceOf(MaskedWeight);
    expect(weights[1].numActive).toBe(7500);
    expect(weights[2]).toBeInstanceOf(DenseWeight);
    expect(weights[0].numActive + 7500 + 1000).toBeCloseTo(0.2 * 74_200, -2);
    result.dispose();
  });

  it('prunes nothing at sparsity 0', async () => {
    const result = await sparse(shuffledBlocks(16), { sparsity: 0 });
    expect(densities(result)).toEqual({ fc1: 1, fc2: 1, fc3: 1 });
    result.dispose();
  });

  it.each<[string, SparseForm, SparsifyOptions, RegExp]>([
    [
      'blocks too large',
      shuffledBlocks(301),
      { sparsity: 0.5 },
      /^block size: expected at most 300, the columns of fc2, got 301$/,
    ],
    ['unknown dense layer', nonstructured, { sparsity: 0.5, denseLayers: ['fc9'] }, /fc1, fc2, fc3, got fc9$/],
    [
      'more dense than allowed',
      nonstructured,
      { sparsity: 0.9, denseLayers: ['fc1'] },
      /^sparsity: expected at least 0\.0000 and below 0\.41\d\d, .*fc1 1.*, got 0\.9$/,
    ],
    [
      'blocks too large for a given density',
      shuffledBlocks(128),
      { sparsity: 0.5, fixedDensities: new Map([['fc3', 0.5]]) },
      /^block size: expected at most 100, the columns of fc3, got 128$/,
    ],
    ['sparsity 1', nonstructured, { sparsity: 1 }, /^layerDensities: expected sparsity in \[0, 1\), got 1$/],
  ])('refuses in one line: %s', async (_, form, options, message) => {
    const { usedBytes } = device.memory();
    const result = model();
    const error = await sparsify(device, result, form, options).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(sparsifiableLayers(result).every(([, { weight }]) => weight instanceof DenseWeight)).toBe(true);
    result.dispose();
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('frees what it replaces, and dispose the rest', async () => {
    const { usedBytes } = device.memory();
    for (const form of [nonstructured, shuffledBlocks(8)]) {
      (await sparse(form, { sparsity: 0.8 })).dispose();
      expect(device.memory().usedBytes).toBe(usedBytes);
    }
  });
});
