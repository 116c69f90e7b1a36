// The campaign with real trainings, as small as they get: what `train` writes is what the campaign reads.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const path = (...names: string[]) => join(commands.folder, ...names);

it('trains, counts and measures', { timeout: 300_000 }, () => {
  const common = { model: 'lenet300-100', 'limit-train': 64, 'limit-test': 32, 'batch-size': 16, epochs: 2, T: 2 };
  const runs = [{ method: 'dense' }, { method: 'dsb', sparsity: 0.9 }];
  writeFileSync(path('plan.json'), JSON.stringify({ name: 'real', common, runs }));
  const flags = ['--out', path('out'), '--adapter', 'software', '--dist', commands.dist];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve('bench/campaign/campaign.mjs'), path('plan.json'), ...flags],
    { encoding: 'utf8', timeout: 280_000, killSignal: 'SIGKILL' },
  );
  expect(stderr).not.toMatch(/error/i);
  expect([status, stdout]).toEqual([0, expect.stringContaining('saved ')]);
  const lines = readFileSync(path('out', 'results.jsonl'), 'utf8').trim().split('\n');
  const [dense, dsb] = lines.map((line) => JSON.parse(line));
  expect(dense).toMatchObject({
    method: 'dense',
    sparsity: 0,
    steps: 8,
    epochs: 2,
    updates: 0,
    moved: 0,
    isSoftware: true,
  });
  expect(dense).toMatchObject({ parameters: 266_610, weights: 266_200, inferenceFlops: 2 * 266_200 });
  expect(dense.trainingFlops).toBe(3 * 2 * 266_200 * 8 * 16);
  // fc1 and fc2 in 74 and 27 blocks of 16, some rows padded; fc3 dense. Updates after steps 2 and 4 of 8.
  expect(dsb).toMatchObject({ method: 'dsb', weights: 26_792, allWeights: 266_200, blockSize: 16, sessions: 1 });
  expect(dsb.trainingFlops).toBe(2 * (3 * 26_792 * 8 * 16 + dsb.updates * 16 * (266_200 - 26_792)));
  expect(dsb.updates).toBeGreaterThan(0);
  expect(dsb.moved).toBeGreaterThan(0);
  for (const { peakBytes, msPerStep, seconds, adapter, parameters } of [dense, dsb]) {
    expect(peakBytes).toBeGreaterThan(4 * parameters);
    expect(msPerStep).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThan(0);
    expect(adapter).toMatch(/\S/);
  }
  expect(readFileSync(path('out', 'charts', 'accuracy.svg'), 'utf8')).toContain('lenet300-100 on MNIST, blocks of 16');
});
