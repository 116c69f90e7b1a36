// From flags to a configuration: recipes, the original program's spelling, flags that contradict each other.

import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { kebabFlags, list } from '../../src/cli/options.js';
import { configOf } from '../../src/cli/train/train_config.js';
import { addTrainOptions, type TrainFlags } from '../../src/cli/train/train_options.js';
import { InputError } from '../../src/device/index.js';
import { checkConfig, defaultConfig, type RunConfig } from '../../src/train/index.js';

function parse(line: string): RunConfig {
  const command = addTrainOptions(new Command('train').exitOverride());
  command.parse(kebabFlags(line.split(' ').filter((word) => word !== '')), { from: 'user' });
  return checkConfig(configOf(command.opts<TrainFlags>()));
}

describe('configOf', () => {
  it('is the recipe of the data set where nothing is said', () => {
    expect(parse('')).toEqual(defaultConfig('mnist'));
    expect(parse('--data-set cifar10')).toEqual(defaultConfig('cifar10'));
  });

  it('takes every flag of the original program in its spelling', () => {
    const line =
      '--model wrn-22-2 --data_set cifar100 --data_dir x_y --lr 0.2 --batch_size 64 --sparsity 0.8 --epochs 10 --T_end 500 ' +
      '--T 50 --alpha 0.5 --block_size 8 --static_update n --momentum 0.8 --weight-decay 0.001';
    expect(parse(line)).toEqual({
      ...defaultConfig('cifar100'),
      ...{ learningRate: 0.2, batchSize: 64, sparsity: 0.8, epochs: 10, updateEnd: 500, updateInterval: 50 },
      ...{ alpha: 0.5, blockSize: 8, momentum: 0.8, weightDecay: 0.001 },
    });
    expect(parse(line.replaceAll('_', '-').replace('x-y', 'x_y'))).toEqual(parse(line));
  });

  it.each(['imagenet', 'tinyimagenet'])("takes the original's command for %s", (dataSet) => {
    const line = `--data_set ${dataSet} --sparsity 0.5 --model ResNet50 --block_size 16 --batch_size 256 --T_end 400000 --T 800`;
    expect(parse(line)).toEqual({ ...defaultConfig(dataSet), model: 'ResNet50', sparsity: 0.5, updateEnd: 400_000 });
    expect(parse(`${line} --image_size 32 --broken_images skip`)).toMatchObject({
      imageSize: 32,
      brokenImages: 'skip',
    });
  });

  it('takes the others', () => {
    const line =
      '--method rigl --distribution uniform --dense-layers fc1,fc3 --drop-rule original --update-schedule constant ' +
      '--milestones 2,4 --label-smoothing 0.1 --dropout 0 --conv-bias --augment none --no-shuffle --seed 7 ' +
      '--erk_power_scale 0.5 --growth momentum --growth_steps 7 --T-begin 200 --validation 20 --limit-train 100 --limit-test 50 --max-steps 9 --log-every 3 --data-set cifar10';
    expect(parse(line)).toEqual({
      ...defaultConfig('cifar10'),
      ...{ method: 'rigl', distribution: 'uniform', denseLayers: ['fc1', 'fc3'], dropRule: 'original' },
      ...{ updateSchedule: 'constant', milestones: [2, 4], labelSmoothing: 0.1, dropout: 0, convBias: true },
      ...{ erkPowerScale: 0.5, growth: 'momentum', growthSteps: 7, updateBegin: 200 },
      ...{
        augment: 'none',
        shuffle: false,
        seed: 7,
        validation: 20,
        limitTrain: 100,
        limitTest: 50,
        maxSteps: 9,
        logEvery: 3,
      },
    });
  });

  it('takes those of the training recipe', () => {
    const line =
      '--optimizer adamw --betas 0.8,0.99 --epsilon 1e-6 --lr-schedule cosine --gamma 0.2 --warmup-epochs 2 --micro-batch 16 --ema 0.99';
    expect(parse(line)).toEqual({
      ...defaultConfig('mnist'),
      ...{ optimizer: 'adamw', betas: [0.8, 0.99], epsilon: 1e-6, learningRate: 1e-3, weightDecay: 0.01 },
      ...{ lrSchedule: 'cosine', gamma: 0.2, warmupEpochs: 2, microBatch: 16, ema: 0.99 },
    });
    expect(parse('--nesterov')).toEqual({ ...defaultConfig('mnist'), nesterov: true });
  });

  it('lowers the rate of a recipe for large batches with the batch, never one that is given', () => {
    const rate = (line: string) => parse(line).learningRate;
    expect(rate('--data-set tinyimagenet --batch-size 64')).toBeCloseTo(0.025, 12);
    expect(rate('--data-set imagenet --batch-size 512')).toBe(0.1);
    expect(rate('--data-set imagenet --batch-size 64 --lr 0.1')).toBe(0.1);
    expect(rate('--data-set imagenet --batch-size 64 --optimizer adamw')).toBe(1e-3);
    expect(rate('--data-set imagenet --batch-size 64 --compat original')).toBe(0.1);
    expect(rate('--data-set cifar10 --batch-size 32')).toBe(0.1);
    expect(rate('--batch-size 8')).toBe(0.05);
  });

  it("replaces a recipe's learning rate and weight decay for AdamW, never what is given", () => {
    const { learningRate, weightDecay } = parse('--optimizer adamw --lr 0.5 --weight-decay 0');
    expect([learningRate, weightDecay]).toEqual([0.5, 0]);
    expect(parse('--optimizer sgd')).toEqual(defaultConfig('mnist'));
  });

  it.each<readonly [string, string]>([
    ['--block-size 0', 'rigl'],
    ['--block_size=0 --method set', 'set'],
    ['--block-size 0 --method dense', 'dense'],
    ['--block-size 0 --static-update n', 'rigl'],
    ['--static_update y', 'ssb'],
    ['--static-update 1 --method ssb', 'ssb'],
    ['--static-update n', 'dsb'],
    ...['yes', 'true', '1', 'Y'].map((word) => [`--static_update ${word}`, 'ssb'] as const),
    ...['no', 'false', '0', 'N'].map((word) => [`--static_update ${word}`, 'dsb'] as const),
    ...['no', 'false', '0'].map((word) => [`--static_update ${word} --method rigl`, 'rigl'] as const),
    ['--block-size 8', 'dsb'],
  ])('%s means --method %s', (line, method) => {
    expect(parse(line).method).toBe(method);
  });

  it.each([
    ['--block-size 0 --method ssb', '--block-size 0: expected --method rigl, set or dense (or none), got ssb'],
    ['--static-update y --method rigl', '--static-update y: expected --method ssb (or none), got rigl'],
    ['--static-update maybe', "--static-update: expected y or n, got 'maybe'"],
    ['--static-update n --method ssb', '--static-update n: expected a method with updates (or none), got ssb'],
    [
      '--static-update y --block-size 0 --method dsb',
      '--block-size 0: expected --method rigl, set or dense (or none), got dsb',
    ],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(new InputError(message));
  });
});

it('--static_update y --block_size 0 is a run of single weights without updates', () => {
  const single = { pattern: '*', blockSize: 0 };
  expect(parse('--static_update y --block_size 0')).toMatchObject({ method: 'ssb', layers: [single] });
  expect(parse('--static_update y --block_size 0 --layer fc:density=0.5').layers).toEqual([
    single,
    { pattern: 'fc', density: 0.5 },
  ]);
});

describe('--layer', () => {
  it('adds a rule each time', () => {
    const line =
      '--layer net1.*:density=0.5,block_size=8 --layer=a:b*:method=ssb,block-size=0 --layer fc:sparsity=0.75';
    expect(parse(line).layers).toEqual([
      { pattern: 'net1.*', density: 0.5, blockSize: 8 },
      { pattern: 'a:b*', method: 'ssb', blockSize: 0 },
      { pattern: 'fc', density: 0.25 },
    ]);
  });

  it.each([
    ['fc', /^--layer: expected PATTERN:KEY=VALUE,\.\.\. .*, got 'fc'$/],
    [':density=0.5', /^--layer: expected PATTERN:KEY=VALUE/],
    ['fc:density', /^--layer: expected PATTERN:KEY=VALUE/],
    ['fc:', /^--layer: expected PATTERN:KEY=VALUE/],
    ['fc:blocks=3', /^--layer: expected .*keys density or sparsity, block_size, method, .*, got 'fc:blocks=3'$/],
    ['fc:density=half', /^--layer 'fc:density=half': density: expected a number, got 'half'$/],
    ['fc:method=best', /^--layer 'fc:method=best': expected method dsb \| .*, got 'best'$/],
    ['fc:sparsity=1', /^layer 'fc': expected a density in \(0, 1\], got 0$/],
  ])('%s is refused', (rule, message) => {
    expect(() => parse(`--layer ${rule}`)).toThrow(InputError);
    expect(() => parse(`--layer ${rule}`)).toThrow(message);
  });
});

describe('--compat original', () => {
  it('changes what is not said', () => {
    expect(parse('--data-set cifar10 --compat original')).toEqual(defaultConfig('cifar10', 'original'));
    expect(parse('--compat original --drop-rule block-norm')).toMatchObject({ dropRule: 'block-norm', convBias: true });
  });
});

describe('kebabFlags', () => {
  it('changes names of flags, never values', () => {
    const given = ['train', '--data_set', 'my_set', '--data_dir=/a_b/c_d', '-x_y', '--', 'file_name', '--T_end=5'];
    expect(kebabFlags(given)).toEqual([
      ...['train', '--data-set', 'my_set', '--data-dir=/a_b/c_d', '-x_y', '--', 'file_name', '--T-end=5'],
    ]);
  });
});

it('lists are separated by commas, blanks and empty entries left out', () => {
  expect(list(' a, b ,,c')).toEqual(['a', 'b', 'c']);
  expect(list('')).toEqual([]);
});
