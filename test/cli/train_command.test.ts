// Short training runs as a user starts them: what they write, how they end, and that eval agrees.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { asFloat32, type Checkpoint, defaultConfig, parseCheckpoint } from '../../src/train/index.js';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const TINY = ['--model', 'lenet300-100', '--adapter', 'software', '--limit-train', '128', '--limit-test', '64'];

const path = (...names: string[]) => join(commands.folder, ...names);

function metricsOf(run: string): Record<string, unknown>[] {
  const lines = readFileSync(path(run, 'metrics.jsonl'), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line));
}

function checkpointOf(run: string, which: 'last' | 'best' = 'last'): Checkpoint {
  const file = path(run, `checkpoint-${which}.safetensors`);
  return parseCheckpoint(readFileSync(file), file);
}

/** The documented lines of metrics.jsonl; a line may hold more. */
const FORMS: Record<string, Record<string, unknown>> = {
  step: {
    step: expect.any(Number),
    epoch: expect.any(Number),
    loss: expect.any(Number),
    lr: 0.05,
    ms: expect.any(Number),
    memoryBytes: expect.any(Number),
  },
  topology: {
    ...{
      step: expect.any(Number),
      layer: expect.stringMatching(/^fc\d$/),
      nnz: expect.any(Number),
      size: expect.any(Number),
    },
    ...{ dropped: expect.any(Number), grown: expect.any(Number) },
  },
  epoch: {
    ...{ epoch: expect.any(Number), trainLoss: expect.any(Number), trainAccuracy: expect.any(Number) },
    ...{ testLoss: expect.any(Number), testAccuracy: expect.any(Number), sparsity: expect.any(Number) },
  },
};

describe('a short run', () => {
  it('writes its configuration, metrics and checkpoints, and eval gives the accuracy of its last epoch', async () => {
    const flags = ['--batch_size', '32', '--epochs', '1', '--T', '2', '--log_every', '2', '--out', 'short'];
    const { status, stdout, stderr } = await commands.run(['train', ...TINY, ...flags]);
    expect(stderr).not.toMatch(/warning|error/i);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^adapter +\S.*\(software\)$/m);
    expect(stdout).toMatch(/^fc1 .* blocks of 16 /m);
    expect(stdout).toMatch(/^epoch 1\/1 .*1 topology update, /m);
    expect(readdirSync(path('short')).sort()).toEqual([
      ...[
        'checkpoint-best.safetensors',
        'checkpoint-last.safetensors',
        'config.json',
        'metrics.jsonl',
        'sessions.jsonl',
      ],
    ]);
    const config = JSON.parse(readFileSync(path('short', 'config.json'), 'utf8'));
    expect(config).toEqual({
      ...defaultConfig('mnist'),
      ...{ model: 'lenet300-100', limitTrain: 128, limitTest: 64 },
      ...{ batchSize: 32, epochs: 1, updateInterval: 2, logEvery: 2 },
    });

    const metrics = metricsOf('short');
    for (const line of metrics) expect(line).toMatchObject({ type: line.type, ...FORMS[line.type as string] });
    const kinds = metrics.map(({ type, step }) => `${type} ${step}`);
    expect(kinds).toEqual(['topology 1', 'topology 1', 'step 1', 'step 3', 'epoch 4']);

    const sessions = readFileSync(path('short', 'sessions.jsonl'), 'utf8').trim().split('\n');
    const [start, save, ...more] = sessions.map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(start).toMatchObject({ type: 'start', step: 0, isSoftware: true, images: { train: 128, test: 64 } });
    // fc1 and fc2 in 74 and 28 blocks of 16, fc3 dense; 730 values of padding and biases.
    expect(start).toMatchObject({ weights: { active: 26_792, all: 266_200 }, parameters: 27_522 });
    expect(start.flops).toEqual({ active: 2 * 26_792, dense: 2 * 266_200 });
    expect(start.versions).toEqual({ shuffleblock: expect.any(String), node: process.versions.node, webgpu: '0.6.2' });
    expect(save).toEqual({ type: 'save', step: 4, seconds: expect.any(Number), peakBytes: expect.any(Number) });
    expect(save.peakBytes).toBeGreaterThan(4 * 26_792);

    const checkpoint = checkpointOf('short');
    expect(checkpoint.step).toBe(4);
    expect(checkpoint.config).toEqual(config);
    expect(
      readFileSync(path('short', 'checkpoint-best.safetensors')).equals(
        readFileSync(path('short', 'checkpoint-last.safetensors')),
      ),
    ).toBe(true);

    const file = 'short/checkpoint-last.safetensors';
    const evaluated = await commands.run(['eval', file, '--limit_test', '64', '--json', '--adapter', 'software']);
    expect(evaluated.status).toBe(0);
    const epoch = metrics.at(-1)!;
    const result = JSON.parse(evaluated.stdout);
    expect(result).toMatchObject({ model: 'lenet300-100', dataSet: 'mnist', count: 64, accuracy: epoch.testAccuracy });
    expect(result.loss).toBeCloseTo(epoch.testLoss as number, 5);
    const text = await commands.run(['eval', file, '--limit-test', '64', '--adapter', 'software']);
    expect(text.stdout).toContain(`accuracy ${(100 * (epoch.testAccuracy as number)).toFixed(2)}%`);
  });

  it('with AdamW and averaged weights in parts of batches is evaluated, resumed and evaluated again alike', async () => {
    const recipe = ['--optimizer', 'adamw', '--ema', '0.9', '--micro_batch', '20'];
    const flags = [...recipe, '--batch_size', '32', '--epochs', '2', '--T', '3', '--T_end', '8'];
    const whole = await commands.run(['train', ...TINY, ...flags, '--out', 'ema']);
    expect(whole.stderr).not.toMatch(/warning|error/i);
    expect(whole.status).toBe(0);
    const epochs = metricsOf('ema').filter(({ type }) => type === 'epoch');
    const file = 'ema/checkpoint-last.safetensors';
    const evaluated = await commands.run(['eval', file, '--limit-test', '64', '--json', '--adapter', 'software']);
    const result = JSON.parse(evaluated.stdout);
    expect(result.accuracy).toBe(epochs[1].testAccuracy);
    expect(result.loss).toBeCloseTo(epochs[1].testLoss as number, 5);

    const half = ['train', ...TINY, ...flags, '--out', 'ema-half', '--max-steps', '5'];
    expect((await commands.run(half)).status).toBe(0);
    const resumed = await commands.run(['train', '--resume', 'ema-half', '--max-steps', '8', '--adapter', 'software']);
    expect(resumed.stderr).not.toMatch(/warning|error/i);
    expect(resumed.status).toBe(0);
    const ends = ['ema', 'ema-half'].map((run) => checkpointOf(run));
    expect([...ends[1].state]).toEqual([...ends[0].state]);
    expect([...ends[1].model]).toEqual([...ends[0].model]);
  });

  it('of block size 0 is RigL', async () => {
    const { status } = await commands.run(['train', ...TINY, '--block_size', '0', '--max-steps', '1', '--out', 'rigl']);
    expect(status).toBe(0);
    expect(checkpointOf('rigl').config).toMatchObject({ method: 'rigl' });
    expect(checkpointOf('rigl').model.has('fc1.weight_mask')).toBe(true);
  });

  it('goes into a new folder under runs if none is named', async () => {
    const { status } = await commands.run(['train', ...TINY, '--method', 'dense', '--max-steps', '1']);
    expect(status).toBe(0);
    const [name, ...others] = readdirSync(path('runs'));
    expect(others).toEqual([]);
    expect(name).toMatch(/^mnist-lenet300-100-dense-\d{8}-\d{6}$/);
    expect(checkpointOf(join('runs', name)).step).toBe(1);
  });
});

describe('a run with --validation', () => {
  const flags = ['--validation', '32', '--batch_size', '32', '--epochs', '2', '--method', 'dense', '--ema', '0.5'];

  it('says what it evaluates, and at its end what the best checkpoint is worth on the test images', async () => {
    const { status, stdout, stderr } = await commands.run(['train', ...TINY, ...flags, '--out', 'held']);
    expect(stderr).not.toMatch(/warning|error/i);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^data .*: 96 training, 32 validation and 64 test images$/m);
    expect(stdout).toMatch(/^epoch 1\/2 .* validation loss \d\.\d{4} accuracy \d+\.\d\d% /m);
    const [, accuracy, epoch] = /^done +best validation accuracy (\d+\.\d\d)% \(epoch (\d)\), /m.exec(stdout)!;
    const epochs = metricsOf('held').filter(({ type }) => type === 'epoch');
    expect(epochs.map(({ step }) => step)).toEqual([3, 6]);
    expect((100 * (epochs[Number(epoch) - 1].testAccuracy as number)).toFixed(2)).toBe(accuracy);
    expect(checkpointOf('held').config).toMatchObject({ validation: 32 });
    const [start] = readFileSync(path('held', 'sessions.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(start).images).toEqual({ train: 96, validation: 32 });

    const best = checkpointOf('held', 'best').best!;
    const evaluated = await commands.run(['eval', 'held', '--limit-test', '64', '--json', '--adapter', 'software']);
    const result = JSON.parse(evaluated.stdout);
    expect(result.count).toBe(64);
    const [, tested] = /^tested +(.*)$/m.exec(stdout)!;
    expect(tested).toBe(
      `checkpoint-best (epoch ${best.epoch + 1}): test accuracy ${(100 * result.accuracy).toFixed(2)}%, loss ${result.loss.toFixed(4)}`,
    );
    const last = readFileSync(path('held', 'sessions.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    const { accuracy: testAccuracy, top5 } = result;
    // Summed in batches of another size.
    const loss = expect.closeTo(result.loss, 5);
    const line = { type: 'test', step: 6, epoch: best.epoch, loss, accuracy: testAccuracy, top5, images: 64 };
    expect(JSON.parse(last)).toEqual(line);

    const again = await commands.run(['train', '--resume', 'held', '--adapter', 'software']);
    expect(again.status).toBe(0);
    expect(again.stdout).toContain(`tested     ${tested}\n`);
  });

  it('is resumed bit for bit', async () => {
    const half = ['train', ...TINY, ...flags, '--out', 'held-half', '--max-steps', '4'];
    expect((await commands.run(half)).status).toBe(0);
    const resumed = await commands.run(['train', '--resume', 'held-half', '--max-steps', '6', '--adapter', 'software']);
    expect(resumed.stderr).not.toMatch(/warning|error/i);
    expect(resumed.status).toBe(0);
    const ends = ['held', 'held-half'].map((run) => checkpointOf(run));
    expect([...ends[1].state]).toEqual([...ends[0].state]);
    expect([...ends[1].model]).toEqual([...ends[0].model]);
    const evaluations = ['held', 'held-half'].map((run) => metricsOf(run).at(-1)!.testLoss);
    expect(evaluations[1]).toBe(evaluations[0]);
  });
});

describe('a loss that is not finite', () => {
  it('ends the run in one line, and leaves the last good checkpoint', async () => {
    const flags = ['--lr', '1e9', '--method', 'dense', '--batch-size', '128', '--epochs', '9', '--out', 'diverged'];
    const { status, stderr } = await commands.run(['train', ...TINY, ...flags]);
    expect(stderr).toMatch(
      /^shuffleblock: step \d+: expected a finite loss.*, got NaN or infinity; .*lower learning rate; diverged\/checkpoint-last.safetensors is from before; .*: --init diverged\/checkpoint-last.safetensors --lr LOWER\n$/,
    );
    expect(status).toBe(2);
    const { step, model } = checkpointOf('diverged');
    expect(`step ${step}`).toBe(/step \d+/.exec(stderr)![0]);
    expect(step).toBeGreaterThan(0);
    for (const [name, tensor] of model) expect(asFloat32(tensor, name).every(Number.isFinite), name).toBe(true);
    expect(metricsOf('diverged').filter(({ type }) => type === 'epoch')).toHaveLength(step);
  });
});

describe.each([
  ['SIGINT', 130, 'stopped'],
  ['SIGTERM', 143, 'terminated'],
] as const)('%s', (signal, code, name) => {
  it(`saves what was done and exits with ${code}`, async () => {
    const flags = ['--method', 'dense', '--epochs', '100000', '--log-every', '1', '--out', name];
    const { child, ended } = commands.start(['train', ...TINY, ...flags]);
    while (!existsSync(path(name, 'metrics.jsonl')) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill(signal);
    const { status, stderr } = await ended;
    expect(stderr).toMatch(
      /stopping at the next step line .*\nstopped after \d+ of 200000 steps; saved (stopped|terminated)\n$/,
    );
    expect(status).toBe(code);
    const steps = Number(/after (\d+)/.exec(stderr)![1]);
    expect(checkpointOf(name).step).toBe(steps);
    expect(metricsOf(name).filter(({ type }) => type === 'step')).toHaveLength(steps);
  });
});

describe('info', () => {
  it('tells what there is, for people and as JSON', async () => {
    const text = await commands.run(['info', '--adapter', 'software']);
    expect(text.status).toBe(0);
    expect(text.stdout).toMatch(/^version +shuffleblock \d+\.\d+\.\d+, Node v/m);
    expect(text.stdout).toMatch(/^methods +dsb, ssb, rigl, set, dense$/m);
    const json = await commands.run(['info', '--json', '--adapter', 'software']);
    expect(JSON.parse(json.stdout)).toMatchObject({ node: process.version, isSoftware: true });
  });
});
