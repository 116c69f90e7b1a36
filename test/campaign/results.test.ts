// From run folders to results, means, tables and charts.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { configOf } from '../../src/cli/train/train_config.js';
import { addTrainOptions } from '../../src/cli/train/train_options.js';
import { writeFileAtomically } from '../../src/host/atomic_write.node.js';
import { checkConfig, evaluatedOn } from '../../src/train/index.js';

const { readPlan } = await import('../../bench/campaign/plan.mjs' as string);
const { isBegun, quantileOf, resultOf, stepsDone, trainingFlops } = await import(
  '../../bench/campaign/run_state.mjs' as string
);
const { meanLine, Results, settingsOfPlan, spread } = await import('../../bench/campaign/results.mjs' as string);
const { pageWith, report, si } = await import('../../bench/campaign/table.mjs' as string);
const { charts } = await import('../../bench/campaign/charts/index.mjs' as string);

const engine = { addTrainOptions, configOf, checkConfig, evaluatedOn, writeFileAtomically };
const root = mkdtempSync(join(tmpdir(), 'shuffleblock-results-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});

function planOf(...runs: object[]) {
  const path = join(folder, 'plan.json');
  writeFileSync(path, JSON.stringify({ name: 'tiny', common: { epochs: 2, 'batch-size': 10, T: 2 }, runs }));
  return readPlan(path, engine);
}

const START = {
  ...{ type: 'start', step: 0, time: '2026-01-02T03:04:05.000Z', versions: { shuffleblock: '0' }, platform: 'none' },
  ...{ adapter: 'one', isSoftware: true, images: { train: 40, test: 8 }, parameters: 60 },
  ...{ weights: { active: 50, all: 200 }, flops: { active: 100, dense: 400 } },
};
const save = (step: number, seconds: number, peakBytes = 1000) => ({ type: 'save', step, seconds, peakBytes });
const step = (number: number, loss: number, ms = 10) => ({ type: 'step', step: number, epoch: 0, loss, lr: 0.1, ms });
const epoch = (number: number, last: number, testAccuracy: number) => ({
  ...{ type: 'epoch', epoch: number, step: last, trainLoss: 1, trainAccuracy: 0.5, testLoss: 2, testAccuracy },
});
const update = (number: number, layer: string, grown: number, ms: number) => ({
  ...{ type: 'topology', step: number, layer, grown, nnz: 50, ms },
});
const METRICS = [
  ...[step(0, 4, 90), step(1, 2), update(1, 'a', 10, 3), update(1, 'b', 5, 1), step(2, 2), step(3, 1)],
  ...[epoch(0, 4, 0.75), update(5, 'a', 0, 8), step(5, 0.5), epoch(1, 8, 0.5)],
];
const SESSIONS = [START, save(4, 7, 3000), { ...START, step: 4, adapter: 'two' }, save(6, 2), save(8, 5, 2000)];

function write(name: string, lines: object[], end = ''): void {
  writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join('') + end);
}

describe('resultOf', () => {
  it('says how the best checkpoint did on the test images, where others chose it', () => {
    write('metrics.jsonl', METRICS);
    const [run] = planOf({ method: 'ssb', validation: 8 }).runs;
    write('sessions.jsonl', [...SESSIONS, { type: 'test', step: 8, epoch: 0, accuracy: 0.625 }]);
    expect(resultOf(folder, run)).toMatchObject({ accuracy: 0.5, testedAccuracy: 0.625, seconds: 7 + 5 });
    write('sessions.jsonl', SESSIONS);
    expect(resultOf(folder, run)).not.toHaveProperty('testedAccuracy');
  });

  it('says what came of a run and what it took', () => {
    write('metrics.jsonl', METRICS);
    write('sessions.jsonl', SESSIONS);
    const [run] = planOf({ method: 'dsb', sparsity: 0.75 }).runs;
    expect(resultOf(folder, run)).toMatchObject({
      ...{ type: 'run', id: run.id, dataSet: 'mnist', model: 'lenet5', method: 'dsb', sparsity: 0.75, blockSize: 16 },
      ...{ dropRule: 'column-norm', seed: 0, accuracy: 0.5, bestAccuracy: 0.75, epochs: 2, steps: 8, updates: 2 },
      ...{ moved: 15 / 150, seconds: 7 + 5, peakBytes: 3000, parameters: 60, weights: 50, allWeights: 200 },
      ...{ inferenceFlops: 100, denseInferenceFlops: 400, denseTrainingFlops: 3 * 400 * 80 },
      // Two updates, for each of which a step's ten images had the gradients of all weights.
      trainingFlops: 3 * 100 * 80 + 2 * 10 * 300,
      ...{ sessions: 2, adapter: 'one; two', platform: 'none', date: '2026-01-02T03:04:05.000Z' },
      // Few lines: one point each.
      lossCurve: [
        [1, 4],
        [2, 2],
        [3, 2],
        [4, 1],
        [6, 0.5],
      ],
    });
    // Five times of 10 or 90 ms; updates of 4 and 8 ms, of which an eighth falls to a step, twice.
    const { msPerStep, medianMsPerStep } = resultOf(folder, run);
    expect(msPerStep).toBeCloseTo(10 + (2 * 4.4) / 8, 12);
    expect(medianMsPerStep).toBeCloseTo(10 + (2 * 6) / 8, 12);
  });

  it('takes means of many step lines for the loss curve', () => {
    const lines = Array.from({ length: 40 }, (_, i) => step(i, i));
    write('metrics.jsonl', [...lines, epoch(1, 40, 0.5)]);
    write('sessions.jsonl', [START, save(40, 1)]);
    const { lossCurve } = resultOf(folder, planOf({ method: 'dense' }).runs[0]);
    expect(lossCurve).toHaveLength(8);
    expect(lossCurve.at(-1)).toEqual([40, 37]);
  });

  it('has no result of a run that is not there, not at its end, or not saved there', () => {
    const [run] = planOf({}).runs;
    expect(resultOf(folder, run)).toBeUndefined();
    expect([isBegun(folder), stepsDone(folder)]).toEqual([false, 0]);
    write('sessions.jsonl', SESSIONS.slice(0, 2));
    write('metrics.jsonl', METRICS.slice(0, 7));
    expect(resultOf(folder, run)).toBeUndefined();
    expect(stepsDone(folder)).toBe(4);
    write('metrics.jsonl', METRICS);
    expect(resultOf(folder, run)).toBeUndefined();
    write('metrics.jsonl', METRICS.slice(0, 2), '{"type":"st');
    expect(stepsDone(folder)).toBe(2);
  });

  it.each<[string, string, string, RegExp]>([
    [
      'no JSON',
      'sessions.jsonl',
      '{"type":"sa',
      /sessions\.jsonl: line 2: expected a JSON object with a type, got "\{/,
    ],
    ['no object', 'metrics.jsonl', 'null', /metrics\.jsonl: line 2: expected a JSON object with a type, got "null"$/],
    [
      'a start without weights',
      'sessions.jsonl',
      JSON.stringify({ ...START, weights: undefined }),
      /sessions\.jsonl: line 2: expected a number as weights\.active of a start line, got "/,
    ],
    [
      'an epoch without its number',
      'metrics.jsonl',
      '{"type":"epoch","step":4}',
      /metrics\.jsonl: line 2: expected a number as epoch of a epoch line, got "/,
    ],
  ])('names a line that is %s', (_, name, line, message) => {
    write('metrics.jsonl', METRICS);
    write('sessions.jsonl', SESSIONS);
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    writeFileSync(join(folder, name), lines.with(1, line).join('\n'));
    const [run] = planOf({}).runs;
    expect(() => resultOf(folder, run)).toThrow(message);
    expect(() => resultOf(folder, run)).toThrow(expect.objectContaining({ name: 'PlanError' }));
  });

  it('wants a start line, and takes a folder in the place of a log for damage', () => {
    const [run] = planOf({}).runs;
    write('metrics.jsonl', METRICS);
    write('sessions.jsonl', [save(8, 5)]);
    expect(() => resultOf(folder, run)).toThrow(/sessions\.jsonl: expected a start line, got none$/);
    rmSync(join(folder, 'metrics.jsonl'));
    mkdirSync(join(folder, 'metrics.jsonl'));
    expect(() => resultOf(folder, run)).toThrow(/metrics\.jsonl: expected a file that can be read, got EISDIR/);
    expect(stepsDone(folder)).toBe(0);
  });

  it('ends a run with --max-steps there', () => {
    write('sessions.jsonl', SESSIONS.slice(0, 2));
    write('metrics.jsonl', METRICS.slice(0, 7));
    const [run] = planOf({ 'max-steps': 4, T: 1 }).runs;
    expect(resultOf(folder, run)).toMatchObject({ accuracy: 0.75, steps: 4 });
  });
});

describe('trainingFlops', () => {
  const flops = { active: 10, dense: 50 };
  const config = { method: 'rigl', batchSize: 2, updateInterval: 4 };

  it('counts dense gradients of the steps that gather them', () => {
    expect(trainingFlops(flops, config, 8, 2)).toBe(2 * (30 * 8 + 40 * 2));
    expect(trainingFlops(flops, { ...config, growthSteps: 3 }, 8, 2)).toBe(2 * (30 * 8 + 40 * 6));
    expect(trainingFlops(flops, { ...config, growth: 'momentum' }, 8, 2)).toBe(2 * (30 * 8 + 40 * 8));
    expect(trainingFlops(flops, { ...config, method: 'set' }, 8, 2)).toBe(2 * 30 * 8);
  });
});

it('quantiles and spreads are the usual ones', () => {
  expect(quantileOf([3, 1, 2], 0.5)).toBe(2);
  expect(quantileOf([4, 1, 2, 3], 0.5)).toBe(2.5);
  expect(quantileOf([10, 0], 0.1)).toBe(1);
  expect(spread([1, 2, 3])).toBe(1);
  expect(spread([1])).toBeUndefined();
  expect([999, 12_345, 1.5e15].map(si)).toEqual(['999', '12.3 k', '1.50 P']);
});

/** Results of a made-up run: dense 90%, and less the more is pruned; the others lose a tenth with each block size and seed. */
function resultsOf(plan: { runs: Planned[] }, isDone: (run: Planned) => boolean = () => true) {
  const results = new Results(folder, engine);
  for (const run of plan.runs.filter(isDone)) {
    const { seed, method, sparsity: pruned, blockSize, dropRule, dataSet, model } = run.config;
    const sparsity = method === 'dense' ? 0 : pruned;
    const isBlocks = method === 'dsb' || method === 'ssb';
    results.add({
      ...{ type: 'run', id: run.id, flags: run.flags, dataSet, model, method, sparsity, seed },
      ...(isBlocks ? { blockSize } : {}),
      ...(method === 'dsb' ? { dropRule } : {}),
      ...{
        accuracy: 0.9 - sparsity / 10 - seed / 100,
        moved: method === 'dsb' ? 0.25 : 0,
        msPerStep: 20 * (1 - sparsity),
      },
      ...{ weights: 1000 * (1 - sparsity), inferenceFlops: 1e6 * (1 - sparsity), denseInferenceFlops: 1e6 },
      ...{
        trainingFlops: 3e9 * (1 - sparsity),
        denseTrainingFlops: 3e9,
        seconds: 90,
        peakBytes: 2 ** 20,
        adapter: 'one',
      },
      lossCurve: [
        [10, 2],
        [20, 1],
      ],
    });
  }
  return results;
}
type Planned = { id: string; flags: object; config: ReturnType<typeof configOf> };

const GRID = [
  { method: 'dense', seed: [0, 1] },
  { method: 'rigl', sparsity: [0.5, 0.9], seed: [0, 1] },
  { method: 'dsb', 'block-size': [8, 16], sparsity: [0.5, 0.9], seed: [0, 1] },
];

describe('the tables', () => {
  it('have means and spreads over seeds, and costs beside those of the dense network', () => {
    const plan = planOf(...GRID);
    const lines = report(plan, resultsOf(plan)).split('\n');
    expect(lines).toEqual([
      ...['### lenet5 on MNIST', ''],
      ...['| test accuracy, % | 0.5 | 0.9 |', '| --- | --- | --- |'],
      '| dense (sparsity 0) | 89.50 ± 0.71 |  |',
      '| RigL | 84.50 ± 0.71 | 80.50 ± 0.71 |',
      '| DSB, column-norm, blocks of 8 | 84.50 ± 0.71, 25.0% moved | 80.50 ± 0.71, 25.0% moved |',
      '| DSB, column-norm, blocks of 16 | 84.50 ± 0.71, 25.0% moved | 80.50 ± 0.71, 25.0% moved |',
      '',
      expect.stringMatching(/^\| method \| sparsity \| kept weights /),
      expect.any(String),
      '| dense | 0 | 1,000 | 1.00 M (100%) | 3.00 G (100%) | 20.0 | 1.00x | 1.0 | 1.50 |',
      '| RigL | 0.5 | 500 | 500 k (50.0%) | 1.50 G (50.0%) | 10.0 | 2.00x | 1.0 | 1.50 |',
      ...Array(5).fill(expect.stringMatching(/^\| (RigL|DSB, column-norm, blocks of \d+) \| 0\.[59] \| /)),
    ]);
  });

  it('say which seeds are missing, and leave out what was not measured', () => {
    const plan = planOf(...GRID);
    const results = resultsOf(plan, ({ config }) => config.seed === 0 && config.method !== 'rigl');
    for (const line of results.lines.values()) line.msPerStep = undefined;
    const text = report(plan, results);
    expect(text).toContain('| dense (sparsity 0) | 90.00 (1 of 2 seeds) |  |');
    expect(text).toContain('| RigL |  |  |');
    expect(text).not.toContain('kept weights');
  });

  it('name flags by which settings differ', () => {
    const plan = planOf({ method: 'dense' }, { method: 'rigl', sparsity: 0.5, growth: ['gradient', 'random'] });
    const text = report(plan, resultsOf(plan));
    expect(text).toContain('| RigL, growth random | 85.00 |');
    expect(text).toContain('| RigL, growth gradient | 85.00 |');
  });

  it('say which images were evaluated', () => {
    const plan = planOf({ method: 'dense', validation: 500 });
    expect(report(plan, resultsOf(plan))).toContain('| validation accuracy, % |');
    const mixed = planOf({ method: 'dense', validation: 500 }, { method: 'dense' });
    expect(report(mixed, resultsOf(mixed))).toContain('| validation or test accuracy, % |');
  });

  it('go between two lines of a page, which must be there', () => {
    const page = join(folder, 'page.md');
    writeFileSync(page, 'a\n<!-- campaign x -->\nold\n<!-- end of campaign x -->\nb\n');
    expect(pageWith(page, 'x', 'new')).toBe('a\n<!-- campaign x -->\nnew\n<!-- end of campaign x -->\nb\n');
    const none = join(folder, 'none.md');
    expect(() => pageWith(none, 'x', 'new')).toThrow(
      /^--into \S*none\.md: expected a page that can be read, got ENOENT/,
    );
    expect(() => pageWith(page, 'y', 'new')).toThrow(/page\.md: expected a line <!-- campaign y -->/);
  });
});

describe('results.jsonl', () => {
  it('keeps runs that a plan no longer has, behind the means', async () => {
    const results = resultsOf(planOf(...GRID));
    const plan = planOf(GRID[0]);
    await results.save(plan);
    const types = readFileSync(join(folder, 'results.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual(['run', 'run', 'mean', ...Array(12).fill('run')]);
    const again = new Results(folder, engine);
    expect(again.lines).toEqual(results.lines);
    expect(settingsOfPlan(plan, again)[0].results).toHaveLength(2);
  });

  it.each([
    ['half a line', '{"type":"ru', /line 1: expected a JSON object with a type, got "\{\\"type\\":\\"ru"$/],
    ['another type', '{"type":"row"}', /line 1: expected type run or mean, got "row"$/],
    ['no id', '{"type":"run","seed":0}', /line 1: expected the id of a run, got undefined$/],
    ['no accuracy', '{"type":"run","id":"x","seed":0}', /line 1: x: expected a number as accuracy, got none$/],
    [
      'times without the rest',
      '{"type":"run","id":"x","seed":0,"accuracy":1,"msPerStep":2}',
      /line 1: x: expected a number as seconds, got none$/,
    ],
    [
      'a curve of something else',
      '{"type":"run","id":"x","seed":0,"accuracy":1,"lossCurve":[1]}',
      /line 1: x: expected \[step, loss\] pairs as lossCurve/,
    ],
  ])('is refused with %s, and left as it is', (_, line, message) => {
    const path = join(folder, 'results.jsonl');
    writeFileSync(path, line);
    expect(() => new Results(folder, engine)).toThrow(message);
    expect(() => new Results(folder, engine)).toThrow(expect.objectContaining({ name: 'PlanError' }));
    expect(readFileSync(path, 'utf8')).toBe(line);
  });

  it('has no mean of nothing', () => {
    const plan = planOf(...GRID);
    const [dense] = settingsOfPlan(
      plan,
      resultsOf(plan, () => false),
    );
    expect(meanLine(dense)).toEqual([]);
  });
});

type Page = { documentElement: { outerHTML: string }; querySelectorAll(selector: string): ArrayLike<unknown> };

describe('the charts', () => {
  function drawn(plan: { runs: Planned[] }, results: unknown) {
    const all: Record<string, string> = charts(plan, results);
    return Object.fromEntries(Object.entries(all).map(([name, svg]) => [name, parseHTML(svg).document]));
  }
  const count = (document: Page, selector: string) => document.querySelectorAll(selector).length;
  const has = (document: Page, text: string) => document.documentElement.outerHTML.includes(`>${text}<`);

  it('have a panel for each block size, with the methods that have none in each', () => {
    const plan = planOf(...GRID);
    const { accuracy, accuracy_flops, speed_up, loss } = drawn(plan, resultsOf(plan));
    for (const document of [accuracy, accuracy_flops, speed_up, loss]) {
      expect(has(document, 'lenet5 on MNIST, blocks of 8')).toBe(true);
      expect(has(document, 'lenet5 on MNIST, blocks of 16')).toBe(true);
      expect(document.documentElement.outerHTML).not.toMatch(/NaN|undefined|Infinity/);
    }
    // Two methods in two panels, with two sparsities each: a line, two points and two bars of deviation.
    expect(count(accuracy, '[aria-label="line"] path')).toBe(4);
    expect(count(accuracy, '[aria-label="dot"] circle')).toBe(8);
    expect(count(accuracy, '[aria-label="rule"] line')).toBe(8 + 2);
    // Training and inference; methods and the dense network at two sparsities.
    expect(count(accuracy_flops, '[aria-label="dot"] circle')).toBe(16);
    expect(count(loss, '[aria-label="line"] path')).toBe(12);
    expect(has(speed_up, 'times as fast as dense')).toBe(true);
  });

  it('are of what there is: no speed-up without times, nothing without results', () => {
    const plan = planOf(...GRID);
    const results = resultsOf(plan);
    for (const line of results.lines.values()) Object.assign(line, { msPerStep: undefined, inferenceFlops: undefined });
    for (const line of results.lines.values()) line.lossCurve = undefined;
    expect(Object.keys(charts(plan, results))).toEqual(['accuracy']);
    expect(
      charts(
        plan,
        resultsOf(plan, () => false),
      ),
    ).toEqual({});
  });
});
