// The benchmarks as a user runs them: rows in their files, tables on stdout, and what they refuse.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/tensor/index.js';
import { image, put } from '../../data/image_files.js';
import { buildCommandLine } from '../../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const PATIENCE_MS = 300_000;

async function rowsOf(args: readonly string[]): Promise<{ rows: Record<string, unknown>[]; stdout: string }> {
  const { status, stdout, stderr } = await commands.run(['bench', ...args, '--json', 'rows.json'], {}, PATIENCE_MS);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('saved rows.json');
  return { rows: JSON.parse(readFileSync(join(commands.folder, 'rows.json'), 'utf8')), stdout };
}

it(
  'peak measures a copy and multiply-adds',
  async () => {
    const { rows, stdout } = await rowsOf(['peak']);
    expect(rows.map(({ kernel }) => kernel)).toEqual(['copy', 'multiply-add']);
    expect(rows[0].gigabytesPerSecond).toBeGreaterThan(0.1);
    expect(rows[1].gflops).toBeGreaterThan(0.1);
    expect(stdout).toMatch(/copy +[\d.]+ GB\/s .*\nmultiply-add +[\d.]+ GFLOP\/s /);
  },
  PATIENCE_MS,
);

it(
  'kernels times the three passes, dense and sparse, of the layers asked for',
  async () => {
    const layer = 'wrn-22-2/net3-1x1-64-128-16x16-stride2';
    const asked = ['--layers', layer, '--sparsity', '0.9', '--block-size', '16,128', '--batch-size', '4'];
    const { rows, stdout } = await rowsOf(['kernels', ...asked, '--minutes', '0.01']);
    const found = rows.map(({ pass, sparsity, blockSize }) => [pass, sparsity, blockSize]);
    const passes = ['forward', 'gradInput', 'gradWeight'];
    // Blocks of 128 do not fit into 64 columns.
    expect(found).toEqual([...passes.map((pass) => [pass, 0, 0]), ...passes.map((pass) => [pass, 0.9, 16])]);
    for (const row of rows) {
      expect(row).toMatchObject({ engine: 'shuffleblock', layer, batchSize: 4, precision: 'f32' });
      for (const name of ['ms', 'effectiveGflops', 'actualGflops', 'bytes', 'shareOfPeak', 'shareOfBandwidth'])
        expect(row[name], name).toBeGreaterThan(0);
    }
    expect(stdout).toContain(`${layer}, batch 4: 0.004 GFLOP a dense pass`);
  },
  PATIENCE_MS,
);

it(
  'kernels times half precision too',
  async () => {
    const asked = ['--layers', 'wrn-22-2/net3-1x1', '--sparsity', '0.9', '--batch-size', '4', '--precision', 'f16'];
    const probe = await commands.run(['bench', 'kernels', ...asked, '--minutes', '0.01'], {}, PATIENCE_MS);
    if (/on an adapter without shader-f16/.test(probe.stderr)) return expect(probe.status).toBe(2);
    const { rows } = await rowsOf(['kernels', ...asked, '--minutes', '0.01']);
    expect(rows).toHaveLength(6);
    for (const row of rows) expect(row).toMatchObject({ precision: 'f16' });
  },
  PATIENCE_MS,
);

it(
  'step times the methods of a model',
  async () => {
    const { rows, stdout } = await rowsOf([
      ...[
        'step',
        '--models',
        'lenet5',
        '--methods',
        'dense,dsb',
        '--batch-size',
        '4',
        '--T',
        '10',
        '--minutes',
        '0.01',
      ],
    ]);
    expect(rows).toHaveLength(2);
    const shared = { model: 'lenet5', imageSize: 28, batchSize: 4, precision: 'f32' };
    expect(rows[0]).toMatchObject({ ...shared, method: 'dense', sparsity: 0, blockSize: 0, updateMs: 0 });
    expect(rows[1]).toMatchObject({ ...shared, method: 'dsb', sparsity: 0.9, blockSize: 16, updateInterval: 10 });
    const { ms, stepMs, updateMs } = rows[1] as Record<string, number>;
    expect(ms).toBeCloseTo(stepMs + updateMs / 10, 6);
    expect(updateMs).toBeGreaterThan(0);
    expect(stdout).toMatch(/^lenet5 +dsb +0\.9, blocks of 16 +f32 +4 /m);
  },
  PATIENCE_MS,
);

it(
  'data times loaders against sharp, and a batch against a step',
  async () => {
    const random = new Random(7);
    for (const name of ['a', 'b']) {
      for (let i = 0; i < 3; i++) {
        const pixels = Uint8Array.from({ length: 3 * 40 * 30 }, () => random.below(256));
        put(join(commands.folder, 'files/train', name, `${i}.jpg`), await image(40, 30, pixels).jpeg().toBuffer());
      }
    }
    const sizes = ['--image-size', '16', '--batch-size', '8', '--images', '20', '--workers', '2'];
    const asked = ['data', '--data-dir', 'files', ...sizes, '--model', 'mlp-cifar10', '--minutes', '0.001'];
    const { rows, stdout } = await rowsOf(asked);
    expect(rows.map(({ task, engine, imageSize, threads }) => [task, engine, imageSize, threads])).toEqual([
      ['cifar-streamed', 'shuffleblock', 32, 0],
      ['jpeg-training', 'shuffleblock', 16, 2],
      ['jpeg-training', 'sharp', 16, 2],
      ['jpeg-evaluation', 'shuffleblock', 16, 2],
      ['jpeg-evaluation', 'sharp', 16, 2],
      ['cifar-resident', 'shuffleblock', 32, 0],
    ]);
    for (const row of rows) {
      expect(row.batchSize).toBe(8);
      expect(row.imagesPerSecond).toBeCloseTo(8000 / (row.ms as number), 6);
    }
    expect(rows[5]).toMatchObject({ model: 'mlp-cifar10', stepMs: expect.any(Number) });
    expect(stdout).toMatch(/^jpeg-training +shuffleblock .* \d+% of sharp alone$/m);
    expect(stdout).toMatch(/^cifar-resident .* [\d.]+% of a step of mlp-cifar10 \([\d.]+ ms\)$/m);
  },
  PATIENCE_MS,
);

it(
  'data says that it leaves image files out without a folder',
  async () => {
    const asked = ['data', '--batch-size', '4', '--images', '9', '--model', 'mlp-cifar10', '--minutes', '0.001'];
    const { rows, stdout } = await rowsOf(asked);
    expect(rows.map(({ task }) => task)).toEqual(['cifar-streamed', 'cifar-resident']);
    expect(stdout).toContain('image files are left out: no --data-dir');
  },
  PATIENCE_MS,
);

describe('refuses', () => {
  it.each<[string[], RegExp]>([
    [['kernels', '--layers', 'vgg-e'], /^--layers: expected part of a layer's name \(vgg-d\/.*\), got 'vgg-e'$/],
    [['kernels', '--sparsity', '1'], /^--sparsity: expected numbers in \(0, 1\), got 1$/],
    [['kernels', '--block-size', '3'], /^--block-size: expected whole numbers of at least 4, got 3$/],
    [['kernels', '--batch-size', '0.5'], /^--batch-size: expected a positive whole number, got 0.5$/],
    [['kernels', '--minutes', '0'], /^--minutes: expected a positive number, got 0$/],
    [
      ['kernels', '--json', 'no/rows.json'],
      /^--json no\/rows.json: expected a file in a folder that can be written, got ENOENT/,
    ],
    [['step', '--json', '.'], /^--json \.: expected a file, got a folder$/],
    [['step', '--models', 'lenet5,vgg-e'], /^model: expected one of lenet5, .*; got 'vgg-e'$/],
    [['step', '--methods', 'magic'], /^method: expected dsb \| ssb \| rigl \| set \| dense, got 'magic'$/],
    [['step', '--precision', 'f32,f8'], /^--precision: expected f32, f16, separated by commas, got 'f8'$/],
    [['step', '--models', ''], /^--models: expected names separated by commas, got ''$/],
    [['step', '--sparsity', '1'], /^sparsity: expected a number in \[0, 1\), got 1$/],
    [['step', '--T', '0'], /^update interval: expected a positive whole number, got 0$/],
    [['data', '--images', '31'], /^--images: expected a whole number of at least 32, got 31$/],
    [['data', '--model', 'wrn-23-2'], /^model wrn-23-2: expected wrn-D-W /],
    [['data', '--data-dir', 'none'], /^none: expected a folder or list that is there, got ENOENT/],
    [['peak', '--adapter', 'quantum'], /Allowed choices are auto, hardware, software\./],
  ])('%j', async (args, message) => {
    const { status, stderr } = await commands.run(['bench', ...args]);
    expect(stderr).toMatch(/^shuffleblock: [^\n]+\n$/);
    expect(stderr.slice('shuffleblock: '.length, -1)).toMatch(message);
    expect(status).toBe(2);
  });

  it('a file that it cannot write, before it measures, and leaves the one that is there', async () => {
    writeFileSync(join(commands.folder, 'kept.json'), 'kept');
    const { status } = await commands.run(['bench', 'step', '--models', 'lenet6', '--json', 'kept.json']);
    expect(status).toBe(2);
    expect(readFileSync(join(commands.folder, 'kept.json'), 'utf8')).toBe('kept');
    expect(existsSync(join(commands.folder, 'no'))).toBe(false);
    expect(readdirSync(commands.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
