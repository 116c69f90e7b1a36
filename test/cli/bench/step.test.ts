// `bench step` without a device: what is compared, how its rows come about, and the table.

import { describe, expect, it } from 'vitest';
import { stepRow } from '../../../src/cli/bench/step.js';
import { stepTable } from '../../../src/cli/bench/step_table.js';
import { hasBlocks, stepVariants } from '../../../src/cli/bench/step_variants.js';
import { InputError } from '../../../src/device/index.js';

describe('stepVariants', () => {
  const named = (model: string, options = {}) =>
    stepVariants(model, options).map(({ config: { method, sparsity, blockSize } }) => [method, sparsity, blockSize]);

  it('compares the methods, dense first, at every sparsity and block size that they know', () => {
    const options = { methods: ['rigl', 'dense', 'ssb'], sparsities: [0.8, 0.9], blockSizes: [8, 32] };
    expect(named('vgg-d', options)).toEqual([
      ['dense', 0, 16],
      ['rigl', 0.8, 16],
      ['rigl', 0.9, 16],
      ['ssb', 0.8, 8],
      ['ssb', 0.8, 32],
      ['ssb', 0.9, 8],
      ['ssb', 0.9, 32],
    ]);
    expect(named('vgg-d')).toEqual([
      ['dense', 0, 16],
      ['ssb', 0.9, 16],
      ['dsb', 0.9, 16],
      ['rigl', 0.9, 16],
    ]);
  });

  it.each([
    ['lenet5', [28, 1, 10, 64, 25]],
    ['wrn-22-2', [32, 3, 10, 32, 100]],
    ['resnet-50', [64, 3, 200, 32, 800]],
  ])("shows %s what one trains it on, at T of that data set's recipe", (model, expected) => {
    const [{ config, info }] = stepVariants(model);
    const { batchSize, updateInterval } = config;
    expect([info.height, info.channels, info.classes, batchSize, updateInterval]).toEqual(expected);
  });

  it('compares precisions, each with its dense steps', () => {
    const variants = stepVariants('wrn-22-2', { methods: ['ssb', 'dense'], precisions: ['f32', 'f16'] });
    expect(variants.map(({ config: { method, precision } }) => [precision, method])).toEqual([
      ['f32', 'dense'],
      ['f32', 'ssb'],
      ['f16', 'dense'],
      ['f16', 'ssb'],
    ]);
    const rows = variants.map((variant, i) => stepRow('a GPU', variant, 1, [[40, 10, 20, 8][i]]));
    expect(rows.map(({ precision }) => precision)).toEqual(['f32', 'f32', 'f16', 'f16']);
    const speedUps = stepTable(rows)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/ {2,}/).at(-1));
    expect(speedUps).toEqual(['1.00x', '4.00x', '1.00x', '2.50x']);
  });

  it('takes another shape, batch and T', () => {
    const options = { dataSet: 'cifar100', imageSize: 48, batchSize: 6, updateInterval: 7 };
    const [{ config, info }] = stepVariants('resnet-50', options);
    expect(config).toMatchObject({ dataSet: 'cifar100', batchSize: 6, updateInterval: 7 });
    expect(info).toMatchObject({ classes: 100, height: 48, width: 48 });
  });

  it.each([
    ['lenet6', {}, /^model: expected one of lenet5, .*; got 'lenet6'$/],
    ['lenet5', { sparsities: [1] }, /^sparsity: expected a number in \[0, 1\), got 1$/],
    ['lenet5', { blockSizes: [3] }, /^block size: expected a whole number of at least 4, got 3$/],
    ['lenet5', { batchSize: 0 }, /^batch size: expected a positive whole number, got 0$/],
    ['lenet5', { imageSize: 0.5 }, /^image size: expected a positive whole number, got 0.5$/],
    ['lenet5', { dataSet: 'svhn' }, /^data set: expected one of mnist, .*, got svhn$/],
  ])('refuses %s with %j', (model, options, message) => {
    expect(() => stepVariants(model, options)).toThrow(InputError);
    expect(() => stepVariants(model, options)).toThrow(message);
  });

  it('knows which methods have blocks', () => {
    expect((['dense', 'rigl', 'set', 'ssb', 'dsb'] as const).map(hasBlocks)).toEqual([false, false, false, true, true]);
  });
});

describe('rows', () => {
  const [dense, ssb, dsb, rigl] = stepVariants('wrn-22-2');
  const rows = [
    stepRow('lavapipe', dense, 2, [200, 180, 240]),
    stepRow('lavapipe', ssb, 2, [20, 18, 24]),
    stepRow('lavapipe', dsb, 2, [20, 18, 24], [520, 500, 540]),
    stepRow('lavapipe', rigl, 2, [200, 180, 240], [190, 180, 195]),
  ];

  it('hold the time of one step', () => {
    expect(rows[0]).toEqual({
      ...{ engine: 'shuffleblock', adapter: 'lavapipe', model: 'wrn-22-2', imageSize: 32, batchSize: 32 },
      ...{ method: 'dense', sparsity: 0, blockSize: 0, precision: 'f32' },
      ...{ ms: 100, spreadMs: 7.5, stepMs: 100, updateMs: 0, updateInterval: 0 },
    });
  });

  it('count updates as their share at T', () => {
    const updates = { ms: 15, stepMs: 10, updateMs: 500, updateInterval: 100 };
    expect(rows[2]).toMatchObject({ method: 'dsb', sparsity: 0.9, blockSize: 16, ...updates });
    // Quicker with an update than without: noise.
    expect(rows[3]).toMatchObject({ method: 'rigl', blockSize: 0, ms: 100, updateMs: 0 });
  });

  it('make a table', () => {
    const lines = stepTable(rows).split('\n');
    const cells = lines.map((line) => line.trim().split(/ {2,}/));
    expect(cells[1]).toEqual(['wrn-22-2', 'dense', 'all', 'f32', '32', '100.00', '7.50', '0.0%', '320', '1.00x']);
    expect(cells[3]).toEqual([
      ...['wrn-22-2', 'dsb', '0.9, blocks of 16', 'f32', '32', '15.00', '0.75', '33.3%', '2133', '6.67x'],
    ]);
    expect(cells[4][2]).toBe('0.9, single');
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });
});
