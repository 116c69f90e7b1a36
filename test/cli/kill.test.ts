// A run that is killed (SIGKILL) fifty times (fewer where a start takes long), as it starts, trains and saves, goes on each time, and ends as if it had never been.

import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { isTemporaryFile } from '../../src/host/atomic_write.node.js';
import { Random } from '../../src/tensor/index.js';
import { parseCheckpoint } from '../../src/train/index.js';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const path = (...names: string[]) => join(commands.folder, ...names);

/** How often to kill, and how many kills must at least have hit a save. The packaged SwiftShader compiles for ten seconds at each start. */
const PLANS = { swiftshader: { kills: 8, leastInSaves: 1 }, others: { kills: 50, leastInSaves: 11 } };
/** Kills beyond those, until enough have hit a save. */
const MOST_FURTHER = 15;
/** Most that 160 steps may take: over a minute on SwiftShader. */
const WHOLE_RUN_MS = 200_000;
const TRAIN = [
  ...['train', '--model', 'lenet300-100', '--method', 'dsb', '--T', '3', '--adapter', 'software'],
  ...['--limit-train', '64', '--limit-test', '32', '--batch-size', '16', '--epochs', '40', '--log-every', '1'],
];
const CHECKPOINTS = ['checkpoint-last.safetensors', 'checkpoint-best.safetensors'];
const random = new Random(50);

/** Lines without what depends on the clock; a half-written last one is left out. */
function metricsOf(run: string): Record<string, unknown>[] {
  const file = path(run, 'metrics.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => {
    const { ms, memoryBytes, seconds, updateSeconds, dataWaitSeconds, ...rest } = JSON.parse(line);
    return rest;
  });
}

function savedStep(run: string): number {
  const file = path(run, CHECKPOINTS[0]);
  return existsSync(file) ? parseCheckpoint(readFileSync(file), file).step : 0;
}

function isHalfSaved(name: string): boolean {
  return name.startsWith('.checkpoint-') && isTemporaryFile(name);
}

/** When a process is killed: after `ms`, or `thenMs` after it has begun to write so many checkpoints, whichever comes first. */
interface Fate {
  readonly ms?: number;
  readonly saves: number;
  readonly thenMs: number;
}

/** Starts or resumes the run, and kills it. Returns what it printed. */
async function runAndKill(run: string, { ms, saves, thenMs }: Fate): Promise<string> {
  const before = readdirSync(path(run));
  const begun = new Set<string>();
  const watcher = watch(path(run));
  const saved = new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => {
      if (isHalfSaved(String(name)) && !before.includes(String(name)) && begun.add(String(name)).size === saves)
        resolve();
    });
  }).then(() => sleep(thenMs));
  const isBegun = existsSync(path(run, 'config.json'));
  const begin = isBegun ? ['train', '--resume', run, '--adapter', 'software'] : [...TRAIN, '--out', run];
  const { child, ended } = commands.start([...begin, '--checkpoint-every', '1']);
  await Promise.race([saved, ended, ...(ms === undefined ? [] : [sleep(ms)])]);
  watcher.close();
  child.kill('SIGKILL');
  const { status, stdout, stderr } = await ended;
  expect(status, stderr).toBeNull();
  return stdout;
}

it('goes on after each kill, and ends as if there had been none', { timeout: 600_000 }, async () => {
  mkdirSync(path('killed'));
  const start = performance.now();
  const short = await commands.run([...TRAIN, '--max-steps', '1', '--out', 'short']);
  expect(short.status).toBe(0);
  const startMs = performance.now() - start;
  const { kills, leastInSaves } = /swiftshader/i.test(short.stdout) ? PLANS.swiftshader : PLANS.others;
  let inSaves = 0;
  // On a busy machine fewer kills hit a save; some more then aim at one.
  for (let kill = 0; kill < kills || (inSaves < leastInSaves && kill < kills + MOST_FURTHER); kill++) {
    const saved = savedStep('killed');
    const told = metricsOf('killed').reduce(
      (most, { type, step }) => (type === 'step' ? (step as number) + 1 : most),
      0,
    );
    expect(saved, `kill ${kill}`).toBeGreaterThanOrEqual(told - 1);
    // Two of five anywhere from the start of the process on, one soon after a save began, two just as it begins.
    const ms = kill < kills && kill % 5 < 2 ? random.uniform() * startMs : undefined;
    const fate = { ms, saves: 1 + random.below(3), thenMs: kill % 5 === 2 ? random.below(25) : 0 };
    const stdout = await runAndKill('killed', fate);
    const resumed = /^resumed +at step (\d+) of 160$/m.exec(stdout);
    if (resumed) expect(Number(resumed[1]), `kill ${kill}`).toBe(saved);
    else if (ms === undefined && saved > 0) throw new Error(`kill ${kill}: expected a resumed run, got ${stdout}`);
    if (readdirSync(path('killed')).some(isHalfSaved)) inSaves++;
  }
  expect(inSaves).toBeGreaterThanOrEqual(leastInSaves);
  expect(savedStep('killed')).toBeLessThan(160);

  const { status, stderr } = await commands.run(
    ['train', '--resume', 'killed', '--adapter', 'software'],
    {},
    WHOLE_RUN_MS,
  );
  expect(status, stderr).toBe(0);
  expect((await commands.run([...TRAIN, '--out', 'whole'], {}, WHOLE_RUN_MS)).status).toBe(0);
  expect(metricsOf('killed')).toEqual(metricsOf('whole'));
  for (const name of CHECKPOINTS) {
    expect(readFileSync(path('killed', name)).equals(readFileSync(path('whole', name))), name).toBe(true);
  }
  expect(readdirSync(path('killed')).sort()).toEqual(readdirSync(path('whole')).sort());
});
