// train --resume: which flags may stand beside it, and what a resumed run writes. Kills: kill.test.ts.

import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkSameRun, resumedSettings } from '../../src/cli/run/resume.js';
import type { RunSettings } from '../../src/cli/run/run_folder.js';
import { InputError } from '../../src/device/index.js';
import { type Checkpoint, defaultConfig, type RunConfig } from '../../src/train/index.js';
import { buildCommandLine } from '../support/command_line.node.js';

const config = defaultConfig('mnist');
const [shuffle, record] = [true, true];

describe('resumedSettings', () => {
  const stored: RunSettings = { config: { ...config, shuffle: false, seed: 3 }, files: { dataDir: '/data' } };
  const given = (flags: object, settings = stored) => {
    return resumedSettings('run', settings, { shuffle, record, autotune: 'off', adapter: 'auto', ...flags });
  };
  const withConfig = (change: Partial<RunConfig>): RunSettings => ({ config: { ...config, ...change }, files: {} });

  it('are those of the run, where no flag says otherwise', () => {
    expect(given({})).toEqual(stored);
    expect(given({ model: 'lenet5', seed: 3, checkpointEvery: 5 })).toEqual(stored);
    expect(given({ dataDir: '/elsewhere' })).toEqual({ ...stored, files: { dataDir: '/elsewhere' } });
  });

  it('list every difference in one line', () => {
    expect(() => given({ epochs: 5, seed: 4, dataSet: 'cifar10' })).toThrow(
      new InputError(
        '--resume run: expected the configuration of the run, got another: ' +
          'data set: the run has "mnist", the command line says "cifar10"; ' +
          'epochs: the run has 3, the command line says 5 (a run can be made longer if its --milestones and --T-end were given); ' +
          'seed: the run has 3, the command line says 4',
      ),
    );
    expect(() => given({ validation: 1000 })).toThrow(/: validation: the run has none, the command line says 1000$/);
    expect(() => given({ shuffle: false }, withConfig({}))).toThrow(
      /: shuffle: the run has true, the command line says false$/,
    );
    expect(() => given({ maxSteps: 9 })).toThrow(
      /max steps: the run has none, .* 9 \(a run .* its --T-end was given\)$/,
    );
  });

  it('make a run longer whose schedules do not follow from its length', () => {
    const isStatic = withConfig({ method: 'ssb', maxSteps: 5 });
    expect(given({ maxSteps: 9 }, isStatic).config).toEqual({ ...isStatic.config, maxSteps: 9 });
    expect(() => given({ epochs: 9 }, isStatic)).toThrow(InputError);
    const isCosine = withConfig({ method: 'ssb', lrSchedule: 'cosine', milestones: [2] });
    expect(() => given({ epochs: 9 }, isCosine)).toThrow(InputError);
    const isFixed = withConfig({ updateEnd: 50, milestones: [2] });
    expect(given({ maxSteps: 9, epochs: 7 }, isFixed).config).toMatchObject({ maxSteps: 9, epochs: 7 });
  });

  it('refuse another folder and other parameters', () => {
    expect(() => given({ out: 'b' })).toThrow(new InputError('--resume run: expected no --out beside it, got b'));
    expect(() => given({ init: 'b' })).toThrow(new InputError('--resume run: expected no --init beside it, got b'));
  });

  it('refuse a checkpoint of another run', () => {
    const checkpoint = { config: { ...config, seed: 1, blockSize: 8 } } as Checkpoint;
    expect(() => checkSameRun(config, checkpoint, 'c.safetensors')).toThrow(
      new InputError(
        'c.safetensors: expected a checkpoint of this run, got one of another: ' +
          'block size: the checkpoint has 8, config.json says 16; seed: the checkpoint has 1, config.json says 0',
      ),
    );
  });
});

describe('a run', () => {
  const commandLine = buildCommandLine();
  afterAll(async () => (await commandLine).dispose());
  const TRAIN = [
    ...['train', '--model', 'lenet300-100', '--method', 'ssb', '--adapter', 'software', '--batch-size', '32'],
    ...['--limit-train', '128', '--limit-test', '64', '--log-every', '1'],
  ];
  const RESUME = ['train', '--adapter', 'software', '--resume'];

  it('goes on after its end, from nothing, and not from damaged files', async () => {
    const { folder, run } = await commandLine;
    const path = (...names: string[]) => join(folder, ...names);
    const stepsOf = (name: string) => readFileSync(path(name, 'metrics.jsonl'), 'utf8').match(/"type":"step"/g)?.length;
    const refusal = async (args: string[]) => {
      const { status, stderr } = await run(args);
      expect(status, stderr).toBe(2);
      expect(stderr).toMatch(/^shuffleblock: [^\n]+\n$/);
      return stderr.slice('shuffleblock: '.length, -1);
    };
    expect((await run([...TRAIN, '--max-steps', '3', '--out', 'a'])).status).toBe(0);

    const finished = await run([...RESUME, 'a']);
    expect(finished.status).toBe(0);
    expect(finished.stdout).toMatch(/^finished +at step 3 of 3: nothing is left to do$/m);
    expect(stepsOf('a')).toBe(3);

    appendFileSync(path('a', 'metrics.jsonl'), '{"type":"step","step":3,"lo');
    const longer = await run([...RESUME, 'a', '--max-steps', '6']);
    expect(longer.stdout).toMatch(/^resumed +at step 3 of 6$/m);
    expect(longer.status).toBe(0);
    expect(stepsOf('a')).toBe(6);
    expect(JSON.parse(readFileSync(path('a', 'config.json'), 'utf8')).maxSteps).toBe(6);

    const file = path('a', 'checkpoint-last.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] ^= 8;
    writeFileSync(file, bytes);
    expect(await refusal([...RESUME, 'a'])).toMatch(
      /last\.safetensors: expected contents of checksum .*: a damaged checkpoint$/,
    );
    expect(await refusal(['eval', file, '--adapter', 'software'])).toMatch(/: a damaged checkpoint$/);
    writeFileSync(file, bytes.subarray(0, 1000));
    expect(await refusal([...RESUME, 'a'])).toMatch(
      /last\.safetensors: expected a header of at most .*: a truncated file/,
    );

    writeFileSync(path('a', '.lock'), JSON.stringify({ pid: process.pid, host: hostname() }));
    expect(await refusal([...RESUME, 'a'])).toBe(
      `a: expected a run that no other process works on, got process ${process.pid}`,
    );
    rmSync(path('a', '.lock'));

    rmSync(file);
    const again = await run([...RESUME, 'a']);
    expect(again.stdout).toMatch(/^resumed +at step 0 of 6$/m);
    expect(stepsOf('a')).toBe(6);
  });

  it('goes on with the tilings that it began with', async () => {
    const { folder, run } = await commandLine;
    const path = (...names: string[]) => join(folder, ...names);
    const env = { XDG_CACHE_HOME: path('cache') };
    const tilingsOf = (name: string) => JSON.parse(readFileSync(path(name, 'tilings.json'), 'utf8')).operations;
    const losses = (name: string) => readFileSync(path(name, 'metrics.jsonl'), 'utf8').match(/"loss":[^,]+/g);
    // In no time: everything is measured as it is by rule, and nothing is left to measure for the training.
    const TUNE = ['bench', 'tune', '--adapter', 'software'];
    const SAME = ['--models', 'lenet300-100', '--methods', 'ssb', '--batch-size', '32', '--minutes', '0.001'];
    const tuned = await run([...TUNE, ...SAME], env);
    expect(tuned.stdout).toMatch(
      /^lenet300-100, ssb 0\.9: \d+ operations, 0 of them faster than by rule, 1\.00x over all$/m,
    );
    expect(tuned.stdout).toMatch(/^blockConv2d\.forward .* blocks of 16 +by rule /m);

    const whole = await run([...TRAIN, '--autotune', 'on', '--max-steps', '4', '--out', 'tuned'], env);
    expect(whole.stdout).not.toMatch(/^tuned/m);
    expect(tilingsOf('tuned').length).toBeGreaterThan(3);
    const shown = await run([...TUNE, '--show'], env);
    for (const { key } of tilingsOf('tuned')) expect(shown.stdout).toContain(key);

    // Whatever is known elsewhere, and what no operation could be tiled by is left unused.
    expect((await run([...TRAIN, '--autotune', 'on', '--max-steps', '2', '--out', 'half'], env)).status).toBe(0);
    rmSync(path('cache'), { recursive: true });
    const [first, ...others] = tilingsOf('half');
    const operations = [{ ...first, tiles: { columns: 4_000_000_000 } }, ...others];
    writeFileSync(path('half', 'tilings.json'), JSON.stringify({ operations }));
    const resumed = await run([...RESUME, 'half', '--max-steps', '4'], env);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(losses('half')).toEqual(losses('tuned'));
    writeFileSync(path('half', 'tilings.json'), '{"operations": [{"key": 1}]}');
    const refused = await run([...RESUME, 'half'], env);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/tilings\.json: expected the key of an operation, got 1$/m);
  });
});
