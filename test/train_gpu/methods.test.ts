// What methods do to the layers of a network in training: which masks change, layers with rules of their own, the original's ways.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { sparsifiableLayers } from '../../src/nn/index.js';
import {
  completeSettings,
  createTrainer,
  defaultConfig,
  encodeCheckpoint,
  layerSummaries,
  loadModel,
  parseCheckpoint,
  parseModelFile,
  type RunConfig,
  sparsityOf,
  type TopologyEvent,
  type Trainer,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digests, digestsOf, masksOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const WRN: Partial<RunConfig> = { model: 'wrn-10-1', sparsity: 0.9, updateInterval: 2, updateEnd: 6, maxSteps: 6 };

const create = (change: Partial<RunConfig>) => createTrainer(device, { ...CONFIG, ...change }, dataset);

/** Trains; returns the names of pruned layers whose masks changed, and of those that kept theirs. */
async function changes(trainer: Trainer) {
  const before = digests(masksOf(trainer.parts.model));
  const updates: TopologyEvent[] = [];
  for await (const event of trainer.run()) if (event.type === 'topology') updates.push(event);
  const after = digests(masksOf(trainer.parts.model));
  const names = Object.keys(before);
  const end = await digestsOf(trainer.parts.model);
  trainer.dispose();
  const changed = names.filter((name) => before[name] !== after[name]);
  return { changed, kept: names.filter((name) => before[name] === after[name]), updates, end };
}

describe('RigL at 0.9', () => {
  it('changes the masks of convolutions, and so trains another network than a static mask', async () => {
    const dynamic = await changes(await create({ ...WRN, method: 'rigl' }));
    expect(dynamic.changed).toEqual(expect.arrayContaining(['net1.layer.0.conv1', 'net3.layer.0.conv0']));
    const layers = [{ pattern: '*', method: 'ssb', blockSize: 0 } as const];
    const fixed = await changes(await create({ ...WRN, method: 'rigl', layers }));
    expect(fixed.changed).toEqual([]);
    expect(fixed.kept.sort()).toEqual([...dynamic.changed, ...dynamic.kept].sort());
    expect(fixed.updates).toEqual([]);
    expect(fixed.end).not.toEqual(dynamic.end);
  });
});

it('growth counts the gradients of all micro-batches', async () => {
  const masks = async (change: Partial<RunConfig>) => {
    const trainer = await create({ method: 'rigl', maxSteps: 3, updateEnd: 3, ...change });
    const [before] = Object.values(masksOf(trainer.parts.model));
    for await (const _ of trainer.run());
    const [after] = Object.values(masksOf(trainer.parts.model));
    trainer.dispose();
    return { after, moved: differences(before, after) };
  };
  const [whole, parts] = [await masks({}), await masks({ microBatch: 4 })];
  expect(whole.moved).toBeGreaterThan(500);
  // Only rounding tells them apart; the gradient of one micro-batch would grow other weights.
  expect(differences(whole.after, parts.after)).toBeLessThan(0.01 * whole.moved);
});

function differences(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, one, i) => sum + (one === b[i] ? 0 : 1), 0);
}

describe('layers with rules of their own', () => {
  const layers: RunConfig['layers'] = [
    { pattern: 'fc1', blockSize: 8 },
    { pattern: 'fc2', method: 'ssb', density: 0.25 },
    { pattern: 'fc3', method: 'rigl', density: 0.5 },
  ];

  it('have their form, density and method, and the total is met', async () => {
    const trainer = await create({ layers, maxSteps: 6, updateEnd: 6 });
    const summaries = layerSummaries(trainer.parts.model);
    expect(summaries.map(({ pattern }) => pattern.replace(/^\d+ /, ''))).toEqual([
      'blocks of 8',
      'blocks of 4',
      'mask',
    ]);
    expect(summaries[1].density).toBeCloseTo(0.25, 2);
    expect(summaries[2].density).toBe(0.5);
    expect(sparsityOf(trainer.parts.model)).toBeCloseTo(0.8, 2);
    const { changed, kept, updates } = await changes(trainer);
    expect([changed, kept]).toEqual([['fc1', 'fc3'], ['fc2']]);
    expect(updates.map(({ step, layer }) => `${step} ${layer}`)).toEqual(['2 fc1', '2 fc3', '5 fc1', '5 fc3']);
  });

  it('come back from a checkpoint', async () => {
    const trainer = await create({ layers, maxSteps: 1 });
    const checkpoint = parseCheckpoint(await encodeCheckpoint(trainer), 'file');
    const again = await createTrainer(device, checkpoint.config, dataset, { tensors: checkpoint.model, where: 'file' });
    expect(layerSummaries(again.parts.model)).toEqual(layerSummaries(trainer.parts.model));
    expect(await digestsOf(again.parts.model)).toEqual(await digestsOf(trainer.parts.model));
    for (const each of [trainer, again]) each.dispose();
  });

  it.each<[RegExp, Partial<RunConfig>]>([
    [
      /^layer: expected a pattern that matches a layer \(fc1, fc2, fc3\), got 'conv\*'$/,
      { layers: [{ pattern: 'conv*', density: 0.5 }] },
    ],
    [/^dense layers: expected a pattern that .*, got 'fc'$/, { denseLayers: ['fc'] }],
    [
      /^sparsity: expected at least 0\.\d{4} and below 0\.\d{4}, which .* \(fc2 0\.5\), got 0\.8$/,
      { layers: [{ pattern: 'fc2', density: 0.5 }] },
    ],
    [
      /^block size: expected at most 100, the columns of fc3, got 128$/,
      { layers: [{ pattern: 'fc3', density: 0.5, blockSize: 128 }] },
    ],
  ])('are refused, and nothing stays behind: %s', async (message, change) => {
    const { usedBytes } = device.memory();
    const error = await create(change).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('spread density more evenly with a power below 1', async () => {
    const densities = async (erkPowerScale: number) => {
      const trainer = await create({ method: 'rigl', erkPowerScale });
      const summaries = layerSummaries(trainer.parts.model);
      trainer.dispose();
      return summaries.map(({ density }) => density);
    };
    const [erk, even] = [await densities(1), await densities(0)];
    for (const density of even) expect(density).toBeCloseTo(0.2, 2);
    expect(Math.max(...erk) - Math.min(...erk)).toBeGreaterThan(0.5);
  });
});

describe('--compat original', () => {
  const compat: Partial<RunConfig> = { ...defaultConfig('cifar10', 'original'), ...CONFIG, compat: 'original' };
  const original: Partial<RunConfig> = { ...compat, ...WRN, distribution: 'uniform', convBias: true, updateEnd: 12 };

  it('has 100 outputs, biases in convolutions, and stops updates halfway to T_end on CIFAR', async () => {
    const trainer = await create({ ...original, dataSet: 'cifar10', maxSteps: 12 });
    const shapes = new Map([...trainer.parts.model.parameters()].map(([name, { shape }]) => [name, shape]));
    expect(shapes.get('fc.bias')).toEqual([100]);
    expect(shapes.get('net1.layer.0.conv0.bias')).toEqual([16]);
    const file = parseModelFile(await encodeCheckpoint(trainer), 'file');
    const loaded = loadModel(device, file, completeSettings({ ...file.settings! }, dataset));
    expect(await digestsOf(loaded)).toEqual(await digestsOf(trainer.parts.model));
    loaded.dispose();
    const { updates } = await changes(trainer);
    expect([...new Set(updates.map(({ step }) => step))]).toEqual([1, 3, 5]);
    const elsewhere = await changes(await create({ ...original, maxSteps: 12 }));
    expect([...new Set(elsewhere.updates.map(({ step }) => step))]).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it('leaves nonstructured convolutions as they are, and updates linear layers', async () => {
    const { changed, kept } = await changes(await create({ ...original, method: 'rigl', maxSteps: 4 }));
    expect(changed).toEqual(['fc']);
    expect(kept).toContain('net1.layer.0.conv1');
  });

  it('prunes layers that cannot be in blocks by single weights', async () => {
    const trainer = await create({ ...original, method: 'dsb', blockSize: 16 });
    for (const [name, { weight }] of sparsifiableLayers(trainer.parts.model)) {
      const [outChannels, inChannels, ...kernel] = weight.shape;
      const blocked = kernel.length > 0 && outChannels % 16 === 0 && inChannels >= 16;
      expect(weight.pattern, name).toMatch(blocked ? /blocks of 16$/ : /^mask$/);
    }
    trainer.dispose();
  });
});
