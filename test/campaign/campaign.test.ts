// The campaign as a process, with a `train` that computes nothing: whatever is killed or fails, the results are those of a campaign that
// was left alone, and no two processes ever work on one run.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { buildCommandLine } from '../support/command_line.node.js';

const CAMPAIGN = resolve('bench/campaign/campaign.mjs');
const FAKE_TRAIN = resolve('test/campaign/fake_train.mjs');
const SETTINGS = 2;
const SEEDS = 3;
const EPOCHS = 3;
const STEPS = 4 * EPOCHS;
const PATIENCE = { timeout: 300_000 };

const commands = await buildCommandLine();
const root = mkdtempSync(join(tmpdir(), 'shuffleblock-campaign-'));
afterAll(() => {
  commands.dispose();
  rmSync(root, { recursive: true });
});
let folder: string;
const path = (...names: string[]) => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  const common = { model: 'lenet300-100', epochs: EPOCHS, seed: Array.from({ length: SEEDS }, (_, seed) => seed) };
  const runs = [{ method: 'dense' }, { method: 'dsb', sparsity: 0.9 }];
  writeFileSync(path('plan.json'), JSON.stringify({ name: 'tiny', about: 'A plan.', common, runs }));
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param fake what the trainings do wrong: see fake_train.mjs. */
function start(args: string[], fake: object = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const lock = pathToFileURL(join(commands.dist, 'host/folder_lock.node.js')).href;
  const child = spawn(
    process.execPath,
    [CAMPAIGN, path('plan.json'), '--dist', commands.dist, '--program', FAKE_TRAIN, ...args],
    { env: { ...process.env, FAKE: JSON.stringify(fake), FAKE_LOCK: lock }, timeout: 240_000, killSignal: 'SIGKILL' },
  );
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      text[stream] += chunk;
    });
  }
  const ended = new Promise<Ended>((done) => child.on('exit', (code) => setTimeout(() => done({ code, ...text }), 50)));
  return { child, ended };
}

const run = (out: string, fake?: object, ...args: string[]) => start(['--out', path(out), ...args], fake).ended;

/** The one line with which a campaign is refused. */
async function refusal(out: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await run(out, {}, ...args);
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('Warning: maxDynamic'));
  expect([code, lines.length], stderr).toEqual([2, 1]);
  return lines[0];
}

function linesOf(out: string): Record<string, unknown>[] {
  const text = readFileSync(path(out, 'results.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What must not depend on how often anything was killed. */
function resultsOf(out: string): unknown[] {
  const runs = linesOf(out).filter(({ type }) => type === 'run');
  return runs.map(({ seconds, sessions, date, ...result }) => result);
}

/** [process, step] as the trainings noted them. */
function stepsOf(out: string, id: string): number[][] {
  const lines = readFileSync(path(out, 'runs', id, 'steps.txt'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => line.split(' ').map(Number));
}

/** Each process goes on where the one before it ended, or earlier, and never the one before it again. */
function expectOneAtATime(out: string): void {
  for (const id of readdirSync(path(out, 'runs'))) {
    const steps = stepsOf(out, id);
    const processes = steps.map(([process]) => process).filter((process, i, all) => process !== all[i - 1]);
    expect(new Set(processes).size).toBe(processes.length);
    for (const [i, [process, step]] of steps.entries()) {
      if (i === 0) continue;
      const [lastProcess, lastStep] = steps[i - 1];
      if (process === lastProcess) expect(step).toBe(lastStep + 1);
      else expect(step).toBeLessThanOrEqual(lastStep + 1);
    }
    expect(steps.at(-1)![1]).toBe(STEPS - 1);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

const countSteps = (out: string) =>
  existsSync(path(out, 'runs'))
    ? readdirSync(path(out, 'runs'))
        .filter((id) => existsSync(path(out, 'runs', id, 'steps.txt')))
        .reduce((sum, id) => sum + stepsOf(out, id).length, 0)
    : 0;

describe('a campaign', () => {
  it('runs its plan, writes results, table and charts, and does nothing twice', PATIENCE, async () => {
    const page = path('page.md');
    writeFileSync(page, 'before\n<!-- campaign tiny -->\nold\n<!-- end of campaign tiny -->\nafter\n');
    const first = await run('out', {}, '--jobs', '2', '--into', page);
    expect(first.stderr).not.toMatch(/error/i);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^tiny: 0 of 6 runs are done$/m);
    const lines = linesOf('out');
    expect(lines.filter(({ type }) => type === 'run')).toHaveLength(SETTINGS * SEEDS);
    // Seeds of a setting have accuracies 1 - 1/13, 1 - 1.1/13, 1 - 1.2/13.
    const [mean] = lines.filter(({ type }) => type === 'mean');
    expect(mean).toMatchObject({ method: 'dense', seeds: [0, 1, 2], plannedSeeds: 3, steps: STEPS, epochs: EPOCHS });
    expect((mean.accuracy as { mean: number }).mean).toBeCloseTo(1 - 1.1 / 13, 12);
    expect((mean.accuracy as { spread: number }).spread).toBeCloseTo(0.1 / 13, 12);
    const text = readFileSync(page, 'utf8');
    expect(text).toMatch(/^before\n<!-- campaign tiny -->\n### lenet300-100 on MNIST\n/);
    expect(text).toContain('| DSB, column-norm | 91.54 ± 0.77, 10.0% moved |');
    expect(text).toMatch(/<!-- end of campaign tiny -->\nafter\n$/);
    expect(readdirSync(path('out', 'charts')).sort()).toEqual([
      'accuracy.svg',
      'accuracy_flops.svg',
      'loss.svg',
      'speed_up.svg',
    ]);

    const steps = countSteps('out');
    const before = readFileSync(path('out', 'results.jsonl'), 'utf8');
    const second = await run('out');
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('tiny: 6 of 6 runs are done')]);
    expect(countSteps('out')).toBe(steps);
    expect(readFileSync(path('out', 'results.jsonl'), 'utf8')).toBe(before);
    // Results count also where the folders of their runs are gone.
    rmSync(path('out', 'runs'), { recursive: true });
    expect((await run('out')).stdout).toContain('tiny: 6 of 6 runs are done');
  });

  it(
    'killed (SIGKILL) and gone on with, in a copy as well, has the results of one that was not',
    PATIENCE,
    async () => {
      expect((await run('whole')).code).toBe(0);
      for (const atSteps of [5, 20, 35]) {
        const { child, ended } = start(['--out', path('killed'), '--jobs', '2'], { stepMs: 60 });
        await until(() => countSteps('killed') >= atSteps);
        child.kill('SIGKILL');
        expect((await ended).code).toBeNull();
      }
      // As it would come to another machine, while the trainings of the killed campaign are still saving.
      await sleep(1000);
      cpSync(path('killed'), path('copied'), { recursive: true });
      for (const out of ['killed', 'copied']) {
        expect((await run(out, {}, '--jobs', '2')).code).toBe(0);
        expect(resultsOf(out)).toEqual(resultsOf('whole'));
        expectOneAtATime(out);
      }
      expect(countSteps('killed')).toBeGreaterThanOrEqual(countSteps('whole'));
    },
  );

  it('goes on with trainings that are killed, and gives up one that gets no further', PATIENCE, async () => {
    expect((await run('whole')).code).toBe(0);
    const often = await run('often', { crash: { seed: 1, phase: 3, times: 3 } });
    expect(often.code).toBe(0);
    expect(resultsOf('often')).toEqual(resultsOf('whole'));
    const always = await run('always', { crash: { seed: 1, phase: 1, times: 99 } });
    expect(always.code).toBe(1);
    expect(always.stdout).toMatch(/-seed1-[0-9a-f]{8} {2}failed: ended by SIGKILL$/m);
    expect(always.stdout).toMatch(/^runs failed: mnist-\S+-seed1-\S+, mnist-\S+-seed1-\S+; see .*logs$/m);
    expect(resultsOf('always')).toEqual(resultsOf('whole').filter((result) => (result as { seed: number }).seed !== 1));
  });

  it('reports a run that fails, finishes the others, and tries it again the next time', PATIENCE, async () => {
    const failed = await run('out', { failSeed: 2 });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/-seed2-[0-9a-f]{8} {2}failed: DivergenceError: step 3: loss is NaN$/m);
    expect(resultsOf('out')).toHaveLength(SETTINGS * (SEEDS - 1));
    expect(readFileSync(path('out', 'table.md'), 'utf8')).toContain('(2 of 3 seeds)');
    const mended = await run('out');
    expect([mended.code, resultsOf('out').length]).toEqual([0, SETTINGS * SEEDS]);
  });

  it('reports a run whose logs are damaged, and finishes the others', PATIENCE, async () => {
    await run('out', { failSeed: 2 });
    const [id] = readdirSync(path('out', 'runs'));
    const sessions = path('out', 'runs', id, 'sessions.jsonl');
    writeFileSync(sessions, `{}\n${readFileSync(sessions, 'utf8')}`);
    rmSync(path('out', 'results.jsonl'));
    const damaged = await run('out');
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(
      / {2}failed: \S*sessions\.jsonl: line 1: expected a JSON object with a type, got "\{\}"$/m,
    );
    expect(damaged.stderr).not.toMatch(/error/i);
    expect(resultsOf('out')).toHaveLength(SETTINGS * SEEDS - 1);
  });

  it('stops in time or at Ctrl-C with everything saved, and is alone in its folder', PATIENCE, async () => {
    const { child, ended } = start(['--out', path('out')], { stepMs: 100 });
    await until(() => countSteps('out') >= 2);
    const second = await run('out');
    expect([second.code, second.stderr]).toEqual([
      2,
      expect.stringMatching(/^campaign: .*out: expected no other campaign in it, got process \d+$/m),
    ]);
    child.kill('SIGINT');
    const interrupted = await ended;
    expect(interrupted.code).toBe(130);
    expect(interrupted.stdout).toContain('interrupted');
    const [id] = readdirSync(path('out', 'runs'));
    const saved = JSON.parse(readFileSync(path('out', 'runs', id, 'saved.json'), 'utf8'));
    expect(saved.step).toBe(stepsOf('out', id).at(-1)![1] + 1);

    const inTime = await run('out', { stepMs: 300 }, '--minutes', '0.05');
    expect(inTime.code).toBe(0);
    expect(inTime.stdout).toMatch(/time is over: runs that are under way are being saved/);
    expect(inTime.stdout).toMatch(/^runs left: [1-6]; the same command goes on with them$/m);
    expect((await run('out')).code).toBe(0);
    expectOneAtATime('out');
  });

  it('says in one line what is wrong, and lists what a plan would do', PATIENCE, async () => {
    writeFileSync(path('plan.json'), JSON.stringify({ name: 'tiny', runs: [{ method: 'none' }] }));
    const { code, stderr } = await run('out');
    expect([code, stderr.trim().split('\n')]).toEqual([2, [expect.stringMatching(/^campaign: .*runs\[0\]: .*'none'/)]]);
    expect(existsSync(path('out'))).toBe(false);
    writeFileSync(path('plan.json'), JSON.stringify({ name: 'tiny', runs: [{ method: 'dense' }] }));
    expect(await refusal('plan.json')).toMatch(
      /^campaign: --out \S*plan\.json: expected a folder that can be written, got E/,
    );
    expect(await refusal('out', '--into', path('none.md'))).toMatch(/^campaign: --into \S*none\.md: expected a page/);
    writeFileSync(path('out', 'results.jsonl'), '{"type":"run","id":"x"}\n');
    expect(await refusal('out')).toMatch(
      /^campaign: \S*results\.jsonl: line 1: expected a number as seed of a run line, got /,
    );
    const large = [{ method: 'dense', model: 'wrn-10-9999999', 'data-set': 'cifar10' }];
    writeFileSync(path('plan.json'), JSON.stringify({ name: 'tiny', runs: large }));
    expect(await refusal('other', '--dry-run')).toMatch(/^campaign: wrn-10-9999999 on cifar10: a layer's weight \[/);
    const runs = [{ model: 'lenet300-100', method: 'dsb', sparsity: 0.9, epochs: 2, seed: [0, 1] }];
    writeFileSync(path('plan.json'), JSON.stringify({ name: 'tiny', runs }));
    const listed = await start(['--dry-run']).ended;
    // 74 and 28 blocks of 16 x 16, some of whose rows are padding, and a dense layer of 1,000.
    expect(listed.stdout).toMatch(
      /^\| mnist-lenet300-100-dsb-column-norm-b16-s0\.9 \| 0, 1 \| 250 \| 26,7\d\d \| 53\.\d k \|/m,
    );
    expect(listed.code).toBe(0);
  });
});
