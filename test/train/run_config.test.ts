// The configuration of a run: recipes by data set, and every value that is refused.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { checkConfig, defaultConfig, METHOD_NAMES, methodNamed, type RunConfig } from '../../src/train/index.js';

const config = defaultConfig('mnist');
const first = (interval: number, begin: number) => `(T ${interval}, T_begin ${begin})`;
const why = ': nothing would ever change';

describe('defaultConfig', () => {
  it('has a recipe for every data set, whatever the spelling of its name', () => {
    expect(defaultConfig('MNIST')).toMatchObject({ model: 'lenet5', batchSize: 64, augment: 'none' });
    expect(defaultConfig('cifar-10')).toMatchObject({ model: 'wrn-22-2', dataSet: 'cifar10', batchSize: 128 });
    expect(defaultConfig('CIFAR-100')).toEqual({ ...defaultConfig('cifar10'), dataSet: 'cifar100' });
    expect(defaultConfig('Tiny-ImageNet')).toEqual({ ...defaultConfig('imagenet'), dataSet: 'tinyimagenet' });
    expect(defaultConfig('imagenet')).toMatchObject({
      ...{ model: 'ResNet-50', batchSize: 256, epochs: 105, milestones: [30, 70, 90], warmupEpochs: 5 },
      ...{ labelSmoothing: 0.1, learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    });
    for (const name of ['mnist', 'cifar10', 'cifar100', 'imagenet', 'tinyimagenet'])
      expect(checkConfig(defaultConfig(name)).dataSet).toBe(name);
  });

  it('does as the original if asked', () => {
    expect(defaultConfig('cifar10', 'original')).toEqual({
      ...defaultConfig('cifar10'),
      ...{ compat: 'original', convBias: true, dropRule: 'original' },
    });
  });

  it('gives an unknown data set the recipe of CIFAR, also where its name is a property of every object', () => {
    for (const name of ['svhn', 'constructor', '__proto__']) {
      expect(defaultConfig(name)).toEqual({ ...defaultConfig('cifar10'), dataSet: name });
    }
  });
});

describe('checkConfig', () => {
  it.each<Partial<RunConfig>>([
    { sparsity: 0 },
    { sparsity: 1, method: 'dense' },
    { blockSize: 4 },
    { alpha: 0 },
    { alpha: 1 },
    { momentum: 0, weightDecay: 0 },
    { dropout: 0 },
    { milestones: [] },
    { milestones: [0, 0.5, 1000] },
    { updateEnd: 0, method: 'ssb' },
    { updateEnd: 25 },
    { updateBegin: 100, updateEnd: 125 },
    { growth: 'momentum' },
    { growth: 'momentum', growthSteps: 25 },
    { growth: 'random', growthSteps: 1 },
    { compat: 'original', updateEnd: 25 },
    { layers: [{ pattern: 'a', density: 1, blockSize: 0 }] },
    { layers: [{ pattern: 'a', method: 'ssb', blockSize: 8, density: 0.1 }], method: 'rigl' },
    { seed: 2 ** 32 - 1 },
    { optimizer: 'adamw', betas: [0, 0] },
    { nesterov: true },
    { lrSchedule: 'cosine', warmupEpochs: 0 },
    { warmupEpochs: 200 },
    { gamma: 1 },
    { microBatch: 1 },
    { microBatch: config.batchSize },
    { ema: 0 },
    { validation: 1 },
  ])('allows %o', (change) => {
    expect(checkConfig({ ...config, ...change })).toEqual({ ...config, ...change });
  });

  it.each<[object, string]>([
    [{ method: 'lth' }, `method: expected ${METHOD_NAMES.join(' | ')}, got 'lth'`],
    [{ method: 'toString' }, `method: expected ${METHOD_NAMES.join(' | ')}, got 'toString'`],
    [{ sparsity: 1 }, 'sparsity: expected a number in [0, 1), got 1'],
    [{ sparsity: -0.1 }, 'sparsity: expected a number in [0, 1), got -0.1'],
    [{ sparsity: Number.NaN }, 'sparsity: expected a number in [0, 1), got NaN'],
    [{ blockSize: 3 }, 'block size: expected a whole number of at least 4, got 3'],
    [{ blockSize: -16 }, 'block size: expected a whole number of at least 4, got -16'],
    [{ blockSize: 8.5 }, 'block size: expected a whole number of at least 4, got 8.5'],
    [{ distribution: 'random' }, "distribution: expected erk | er | uniform, got 'random'"],
    [{ dropRule: 'magnitude' }, "drop rule: expected original | column-norm | block-norm, got 'magnitude'"],
    [{ updateSchedule: 'linear' }, "update schedule: expected cosine | constant | inverse-power, got 'linear'"],
    [{ augment: 'strong' }, "augment: expected none | standard, got 'strong'"],
    [{ batchSize: 0 }, 'batch size: expected a positive whole number, got 0'],
    [{ batchSize: 1.5 }, 'batch size: expected a positive whole number, got 1.5'],
    [{ epochs: 0 }, 'epochs: expected a positive whole number, got 0'],
    [{ updateInterval: 0 }, 'update interval: expected a positive whole number, got 0'],
    [{ updateEnd: -1 }, 'update end: expected a number of at least 0, got -1'],
    [{ updateEnd: Number.NaN }, 'update end: expected a number of at least 0, got NaN'],
    [{ updateBegin: -1 }, 'update begin: expected a number of at least 0, got -1'],
    [
      { updateEnd: 24 },
      `T_end: expected more than 24, the step of the first topology update ${first(25, 0)}, got 24${why}`,
    ],
    [
      { updateBegin: 100, updateEnd: 90, updateInterval: 50, method: 'set' },
      `T_end: expected more than 149, the step of the first topology update ${first(50, 100)}, got 90${why}`,
    ],
    [{ growth: 'weight' }, "growth: expected gradient | random | momentum, got 'weight'"],
    [{ growthSteps: 0 }, 'growth steps: expected a positive whole number, got 0'],
    [{ growthSteps: 26 }, 'growth steps: expected at most the 25 between two updates, got 26'],
    [{ growth: 'momentum', momentum: 0 }, 'growth momentum: expected a momentum above 0, got 0'],
    [{ growth: 'momentum', growthSteps: 1 }, 'growth steps: expected at least 2 for growth by momentum, got 1'],
    [
      { dataSet: 'cifar10', compat: 'original', updateEnd: 48 },
      `T_end: expected more than 24, the step of the first topology update ${first(25, 0)}, got 48, of which --compat original takes half${why}`,
    ],
    [{ compat: 'other' }, "compat: expected original, got 'other'"],
    [{ erkPowerScale: Number.NaN }, 'ERK power scale: expected a finite number, got NaN'],
    [{ layers: [{ pattern: 'a', density: 0 }] }, "layer 'a': expected a density in (0, 1], got 0"],
    [{ layers: [{ pattern: 'a', density: 1.5 }] }, "layer 'a': expected a density in (0, 1], got 1.5"],
    [
      { layers: [{ pattern: 'a', blockSize: 2 }] },
      "layer 'a': expected a block size of 0 or a whole number of at least 4, got 2",
    ],
    [{ layers: [{ pattern: 'a', method: 'lth' }] }, `method: expected ${METHOD_NAMES.join(' | ')}, got 'lth'`],
    [
      { layers: [{ pattern: 'a', method: 'set', blockSize: 8 }] },
      "layer 'a': expected a block size only with method dsb or ssb, got 8 with set",
    ],
    [
      { layers: [{ pattern: 'a', method: 'dense', density: 0.5 }] },
      "layer 'a': expected density 1 with method dense, got 0.5",
    ],
    [
      { method: 'dense', layers: [{ pattern: 'a', method: 'dsb', density: 0.5 }] },
      "layer 'a': expected method dense, as in all the run; for a run with some sparse layers, make others dense by '*:method=dense', got dsb",
    ],
    [{ logEvery: -5 }, 'log every: expected a positive whole number, got -5'],
    [{ validation: 0 }, 'validation: expected a positive whole number, got 0'],
    [{ validation: 0.5 }, 'validation: expected a positive whole number, got 0.5'],
    [{ limitTrain: 0 }, 'limit train: expected a positive whole number, got 0'],
    [{ limitTest: 0.5 }, 'limit test: expected a positive whole number, got 0.5'],
    [{ maxSteps: 0 }, 'max steps: expected a positive whole number, got 0'],
    [{ learningRate: 0 }, 'learning rate: expected a positive number, got 0'],
    [{ learningRate: Number.NaN }, 'learning rate: expected a positive number, got NaN'],
    [{ learningRate: Number.POSITIVE_INFINITY }, 'learning rate: expected a positive number, got Infinity'],
    [{ momentum: 1 }, 'momentum: expected a number in [0, 1), got 1'],
    [{ labelSmoothing: -0.1 }, 'label smoothing: expected a number in [0, 1), got -0.1'],
    [{ dropout: 1 }, 'dropout: expected a number in [0, 1), got 1'],
    [{ weightDecay: -1 }, 'weight decay: expected a number of at least 0, got -1'],
    [{ weightDecay: Number.POSITIVE_INFINITY }, 'weight decay: expected a number of at least 0, got Infinity'],
    [{ alpha: 1.1 }, 'alpha: expected a number in [0, 1], got 1.1'],
    [{ seed: -1 }, 'seed: expected a whole number in [0, 2^32), got -1'],
    [{ seed: 2 ** 32 }, 'seed: expected a whole number in [0, 2^32), got 4294967296'],
    [{ seed: 0.5 }, 'seed: expected a whole number in [0, 2^32), got 0.5'],
    [{ optimizer: 'adam' }, "optimizer: expected sgd | adamw, got 'adam'"],
    [{ lrSchedule: 'step' }, "lr schedule: expected multistep | cosine | constant, got 'step'"],
    [{ warmupEpochs: -1 }, 'warmup epochs: expected a whole number of at least 0, got -1'],
    [{ warmupEpochs: 0.5 }, 'warmup epochs: expected a whole number of at least 0, got 0.5'],
    [{ gamma: 0 }, 'gamma: expected a number in (0, 1], got 0'],
    [{ gamma: 1.5 }, 'gamma: expected a number in (0, 1], got 1.5'],
    [{ nesterov: true, momentum: 0 }, 'nesterov: expected a momentum above 0, got 0'],
    [{ nesterov: true, optimizer: 'adamw' }, 'nesterov: expected optimizer sgd, got adamw'],
    [{ betas: [0.9] }, 'betas: expected two numbers, got 0.9'],
    [{ betas: [0.9, 1] }, 'betas: expected numbers in [0, 1), got 1'],
    [{ epsilon: 0 }, 'epsilon: expected a positive number, got 0'],
    [{ microBatch: 0 }, 'micro batch: expected a positive whole number, got 0'],
    [{ microBatch: 65 }, 'micro batch: expected at most the batch size 64, got 65'],
    [{ ema: 1 }, 'ema: expected a number in [0, 1), got 1'],
    [{ milestones: [1, -1] }, 'milestones: expected epochs of at least 0, got 1,-1'],
  ])('refuses %o', (change, message) => {
    expect(() => checkConfig({ ...config, ...change } as RunConfig)).toThrow(new InputError(message));
  });
});

describe('methods', () => {
  it('prune, and grow or not, as they are defined', () => {
    const shapes = METHOD_NAMES.map((name) => [name, !!methodNamed(name).form, methodNamed(name).growth]);
    expect(shapes).toEqual([
      ['dsb', true, 'gradient'],
      ['ssb', true, undefined],
      ['rigl', true, 'gradient'],
      ['set', true, 'random'],
      ['dense', false, undefined],
    ]);
  });
});
