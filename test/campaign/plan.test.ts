// Plans: lists multiply, `train`'s own checks refuse what is wrong, and a run keeps its name as long as it is the same training.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configOf } from '../../src/cli/train/train_config.js';
import { addTrainOptions } from '../../src/cli/train/train_options.js';
import { checkConfig, evaluatedOn, type RunConfig } from '../../src/train/index.js';

const { readPlan } = await import('../../bench/campaign/plan.mjs' as string);
const { stepsOf } = await import('../../bench/campaign/estimate.mjs' as string);
const { readOptions } = await import('../../bench/campaign/options.mjs' as string);

type Run = { config: RunConfig };
const engine = { addTrainOptions, configOf, checkConfig, evaluatedOn };
const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'plan.json');

function planOf(plan: unknown, place?: unknown) {
  writeFileSync(file, typeof plan === 'string' ? plan : JSON.stringify(plan));
  return readPlan(file, engine, place);
}

const plan = (...runs: unknown[]) => ({ name: 'tiny', common: { model: 'lenet5', epochs: 2 }, runs });
const idOf = (run: unknown, place?: unknown) => planOf(plan(run), place).runs[0].id;

describe('readPlan', () => {
  it('makes a run of each choice from lists, those of common first', () => {
    const common = { model: 'lenet5', seed: [0, 1] };
    const { runs } = planOf({ name: 'a', common, runs: [{ method: ['rigl', 'ssb'], sparsity: [0.8, 0.9] }] });
    const choices = runs.map(({ config: { seed, method, sparsity } }: Run) => [seed, method, sparsity]);
    expect(choices).toEqual(
      [0, 1].flatMap((seed) => ['rigl', 'ssb'].flatMap((method) => [0.8, 0.9].map((s) => [seed, method, s]))),
    );
    expect(runs[0].args).toEqual(['--model', 'lenet5', '--seed', '0', '--method', 'rigl', '--sparsity', '0.8']);
    expect(runs[0].id).toMatch(/^mnist-lenet5-rigl-s0\.8-seed0-[0-9a-f]{8}$/);
    expect(runs[3].label).toBe('mnist-lenet5-ssb-b16-s0.9');
  });

  it('knows all flags of train: those without a value, and those whose value is a list', () => {
    expect(planOf(plan({ precision: ['f32', 'f16'] })).runs[1].config.precision).toBe('f16');
    const [run] = planOf(plan({ nesterov: true, 'no-shuffle': true, 'conv-bias': false, milestones: '80,120' })).runs;
    expect(run.config).toMatchObject({ nesterov: true, shuffle: false, convBias: false, milestones: [80, 120] });
  });

  it('tells runs apart by what they train, not by where and in which order that is said', () => {
    const id = idOf({ method: 'dsb', T: 10 });
    expect(idOf({ T: 10, method: 'dsb' })).toBe(id);
    expect(idOf({ T: 10, method: 'dsb', 'data-dir': 'there', adapter: 'software' })).toBe(id);
    expect(idOf({ T: 11, method: 'dsb' })).not.toBe(id);
    const [run] = planOf(plan({ 'data-dir': 'there' }), () => ({ 'data-dir': '/here', adapter: 'software' })).runs;
    expect(run.place).toEqual(['--data-dir', '/here', '--adapter', 'software']);
    expect(run.args.join(' ')).toBe('--model lenet5 --epochs 2 --data-dir /here --adapter software');
  });

  it('makes one dense run of lists that only sparse runs have a use for', () => {
    const { runs } = planOf(
      plan({ method: ['dense', 'ssb'], sparsity: [0.8, 0.9], 'block-size': [8, 16], seed: [0, 1] }),
    );
    const dense = runs.filter(({ config }: Run) => config.method === 'dense');
    expect(dense.map(({ config }: Run) => config.seed)).toEqual([0, 1]);
    expect(dense[0].id).toBe(idOf({ method: 'dense', seed: 0 }));
    expect(runs).toHaveLength(2 + 2 * 2 * 2);
    // What was said of it alone belongs to it, as it always has.
    expect(idOf({ method: 'dense', 'block-size': 8 })).not.toBe(idOf({ method: 'dense' }));
  });

  it('keeps the names of runs that were trained', () => {
    const results = join(import.meta.dirname, '../../bench/campaign/results');
    for (const name of ['mnist', 'smoke', 'cifar10-small']) {
      const ids = new Set(
        readPlan(join(results, '../plans', `${name}.json`), engine).runs.map(({ id }: { id: string }) => id),
      );
      const lines = readFileSync(join(results, name, 'results.jsonl'), 'utf8')
        .trim()
        .split('\n');
      const trained = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'run');
      expect(trained.filter(({ id }) => !ids.has(id))).toEqual([]);
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['text', '{ "name": ', /plan\.json: .*JSON/],
    ['a list', [], /the plan: expected an object of flags, got \[\]/],
    ['an unknown key', { name: 'a', run: [{}] }, /expected the keys name, about, common, runs; got 'run'/],
    ['no runs', { name: 'a', runs: [] }, /runs: expected a list of runs, got \[\]/],
    ['a name that is a path', { name: 'a/b', runs: [{}] }, /name: expected letters, digits, - and _, got "a\/b"/],
    ['an unknown flag', plan({}, { methods: 'dsb' }), /runs\[1\]: unknown option '--methods'/],
    ['an unknown word', plan({ method: 'dsp' }), /runs\[0\]: .*'dsp' is invalid.*ssb/],
    [
      'a number out of range',
      plan({ sparsity: [0.5, 1.5] }),
      /runs\[0\]: sparsity: expected a number in \[0, 1\), got 1\.5/,
    ],
    ['no number', plan({ epochs: 'many' }), /runs\[0\]: --epochs: expected a number, got 'many'/],
    ['an empty list', plan({ seed: [] }), /runs\[0\]: seed: expected at least one value/],
    [
      'a list of lists',
      plan({ milestones: [[1, 2]] }),
      /milestones: expected a text as on the command line, such as "80,120"/,
    ],
    ['an object', plan({ seed: { from: 0 } }), /seed: expected a text, a number, true or a list of them/],
    ['a flag of the campaign', plan({ out: 'there' }), /runs\[0\]: expected flags of what is trained, got 'out'/],
    ['a run twice', plan({ seed: [1, 1] }), /expected different runs, got twice .*--seed 1/],
  ])('refuses %s', (_, given, message) => {
    expect(() => planOf(given)).toThrow(message);
    expect(() => planOf(given)).toThrow(expect.objectContaining({ name: 'PlanError' }));
  });

  it('refuses a file that is not there', () => {
    expect(() => readPlan(join(folder, 'none.json'), engine)).toThrow(/none\.json: expected a plan that can be read/);
  });
});

describe('the plans that come with it', () => {
  const plans = join(import.meta.dirname, '../../bench/campaign/plans');
  const read = (name: string) => readPlan(join(plans, `${name}.json`), engine);

  it.each([
    ['smoke', 60],
    ['mnist', 48],
    ['mnist-updates', 24],
    ['cifar10-small', 26],
    ['cifar10-longer', 9],
    ['cifar10-mlp', 18],
    ['cifar10', 111],
    ['cifar10-short', 111],
    ['cifar10-vgg', 63],
    ['cifar100', 63],
    ['imagenet', 6],
  ])('%s has %i runs', (name, count) => {
    const { runs, name: own } = read(name);
    expect([own, runs.length]).toEqual([name, count]);
  });

  it('are the only ones', () => expect(readdirSync(plans)).toHaveLength(11));

  it('cifar10 is the recipe of the method', () => {
    const { runs } = read('cifar10');
    expect(runs[0].config).toMatchObject({ model: 'wrn-22-2', batchSize: 128, learningRate: 0.1, epochs: 160 });
    expect(new Set(runs.map(({ config }: Run) => config.sparsity))).toContain(0.95);
    expect(stepsOf(runs[0])).toBe(160 * 391);
  });

  it('cifar10-short differs from it in its length alone', () => {
    const settings = (name: string) =>
      read(name).runs.map(({ flags }: { flags: Record<string, unknown> }) => {
        const { epochs, milestones, ...rest } = flags;
        return rest;
      });
    expect(settings('cifar10-short')).toEqual(settings('cifar10'));
    expect(read('cifar10-short').runs[0].config).toMatchObject({ epochs: 30, milestones: [15, 23] });
  });
});

describe('stepsOf', () => {
  const steps = (flags: object) => stepsOf(planOf(plan(flags)).runs[0]);

  it('counts images as train does', () => {
    expect(steps({ 'data-set': 'mnist' })).toBe(2 * 125);
    expect(steps({ 'data-set': 'mnist', 'data-dir': 'there' })).toBe(2 * 938);
    expect(steps({ 'limit-train': 100, 'batch-size': 32 })).toBe(2 * 4);
    expect(steps({ 'limit-train': 100, 'max-steps': 3 })).toBe(3);
    expect(steps({ 'limit-train': 100, validation: 40, 'batch-size': 32 })).toBe(2 * 2);
    expect(steps({ 'data-set': 'folder', 'data-dir': 'there', model: 'ResNet-18' })).toBeUndefined();
  });

  it('refuses a plan that leaves nothing to train on', () => {
    expect(() => steps({ 'data-set': 'mnist', validation: 8000 })).toThrow(
      /^mnist: validation: expected a number below 8000 training images, got 8000$/,
    );
  });
});

describe('readOptions', () => {
  it('reads the flags of the campaign', () => {
    const options = readOptions(['plan.json', '--out', 'there', '--minutes', '5', '--jobs', '2', '--data', '/sets']);
    expect(options).toMatchObject({ planPath: 'plan.json', out: 'there', minutes: 5, jobs: 2 });
    expect(options.place({ 'data-set': 'cifar10' })).toEqual({ 'data-dir': '/sets/cifar10' });
    expect(options.place({})).toEqual({ 'data-dir': '/sets/mnist' });
    expect(readOptions(['plan.json', '--dry-run']).dryRun).toBe(true);
  });

  it.each([
    [['--out', 'x'], /expected one plan, got none/],
    [['a.json', 'b.json', '--out', 'x'], /expected one plan, got a\.json, b\.json/],
    [['a.json'], /expected --out DIR, got none/],
    [['a.json', '--out', 'x', '--jobs', '1.5'], /--jobs: expected a whole number, got '1\.5'/],
    [['a.json', '--out', 'x', '--minutes', 'soon'], /--minutes: expected a positive number, got 'soon'/],
    [['a.json', '--out', 'x', '--hours', '1'], /Unknown option '--hours'/],
  ])('refuses %j', (args, message) => expect(() => readOptions(args)).toThrow(message));
});
