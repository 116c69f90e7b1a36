// export, and what takes its files back: eval and --init.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeSafetensors, parseModelFile, type SafetensorsTensor, safetensor } from '../../src/train/index.js';
import { buildCommandLine } from '../support/command_line.node.js';
import { normalValues } from '../support/compare.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const TINY = ['--model', 'lenet300-100', '--adapter', 'software', '--limit-train', '128', '--limit-test', '64'];
const NAMED = ['--model', 'lenet300-100', '--data-set', 'mnist'];
const path = (name: string) => join(commands.folder, name);

/** Runs a command that must succeed; returns what it prints. */
async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await commands.run([...args, '--adapter', 'software']);
  expect(status, stderr).toBe(0);
  return stdout;
}

async function refused(...args: string[]): Promise<string> {
  const { status, stderr } = await commands.run([...args, '--adapter', 'software']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^shuffleblock: [^\n]+\n$/);
  return stderr.slice('shuffleblock: '.length, -1);
}

async function evaluated(file: string, ...flags: string[]): Promise<{ kind: string; loss: number; accuracy: number }> {
  return JSON.parse(await run('eval', file, '--limit-test', '64', '--json', ...flags));
}

beforeAll(() => run('train', ...TINY, '--epochs', '1', '--batch-size', '32', '--out', 'run'));

it('every format evaluates as the run it came from', async () => {
  const { kind, loss, accuracy } = await evaluated('run');
  expect(kind).toBe('checkpoint');
  expect(await evaluated('run/checkpoint-best.safetensors')).toMatchObject({ loss, accuracy });
  expect(await run('export', 'run', '--format', 'bundle', '--out', 'run.bundle')).toMatch(
    /^run\.bundle: bundle of lenet300-100, sparsity 0\.\d{4}, \d+ bytes$/m,
  );
  expect(await evaluated('run.bundle')).toMatchObject({ kind: 'bundle', loss, accuracy });
  await run('export', 'run.bundle', '--format', 'state-dict', '--out', 'run.safetensors');
  const dense = await evaluated('run.safetensors', ...NAMED);
  expect(dense).toMatchObject({ kind: 'state dict', loss: expect.closeTo(loss, 5), accuracy });
  await run('export', 'run', '--format', 'onnx', '--out', 'run.onnx');
  expect(await evaluated('run.onnx')).toMatchObject({ kind: 'onnx', loss: expect.closeTo(loss, 5), accuracy });
  await run('export', 'run.bundle', '--format', 'bundle', '--half', '--out', 'half.bundle');
  expect((await evaluated('half.bundle')).loss).toBeCloseTo(loss, 2);
  expect(statSync(path('half.bundle')).size).toBeLessThan(0.7 * statSync(path('run.bundle')).size);
  expect(statSync(path('run.bundle')).size).toBeLessThan(0.25 * statSync(path('run.safetensors')).size);
});

it('--init takes weights and tables of a checkpoint and of a bundle', async () => {
  const train = ['train', ...TINY, '--method', 'ssb', '--max-steps', '1', '--lr', '1e-9', '--momentum', '0'];
  await run('export', 'run', '--format', 'bundle', '--out', 'init.bundle');
  const tables = (file: string) => {
    const { tensors } = parseModelFile(readFileSync(path(file)), file);
    return [...tensors]
      .filter(([name]) => /blocks\.\w+_/.test(name))
      .map(([name, { data }]) => [name, Buffer.from(data)]);
  };
  const expected = tables('run/checkpoint-best.safetensors');
  expect(expected).toHaveLength(6);
  for (const init of ['run/checkpoint-best.safetensors', 'init.bundle', 'run']) {
    const out = `from-${init.replaceAll('/', '-')}`;
    await run(...train, '--init', init, '--out', out);
    expect(tables(join(out, 'checkpoint-last.safetensors'))).toEqual(expected);
  }
  const other = ['train', ...TINY, '--init', 'run', '--sparsity', '0.5', '--out', 'other'];
  expect(await refused(...other)).toMatch(
    /^--init run\/checkpoint-best\.safetensors: expected --sparsity 0\.\d+ --block-size 16, as its topology has, got 0\.5 and 16$/,
  );
});

it('reads a state dict of the original program: masks, 100 outputs, the prefix of DataParallel', async () => {
  const layer = (name: string, rows: number, columns: number): [string, SafetensorsTensor][] => [
    [`module.${name}.weight`, safetensor(normalValues(rows * columns, rows), [rows, columns])],
    [
      `module.${name}.weight_mask`,
      safetensor(
        Uint8Array.from({ length: rows * columns }, (_, i) => Number(i % 4 === 0)),
        [rows, columns],
      ),
    ],
    [`module.${name}.bias`, safetensor(new Float32Array(rows), [rows])],
  ];
  const tensors = [...layer('fc1', 300, 784), ...layer('fc2', 100, 300), ...layer('fc3', 100, 100)];
  writeFileSync(path('original.safetensors'), encodeSafetensors(tensors));
  const flags = [...NAMED, '--compat', 'original'];
  const { loss } = await evaluated('original.safetensors', ...flags);
  expect(
    await run('export', 'original.safetensors', ...flags, '--format', 'bundle', '--out', 'original.bundle'),
  ).toMatch(/bundle of lenet300-100, sparsity 0\.7500, /);
  expect(await evaluated('original.bundle')).toMatchObject({ kind: 'bundle', loss });
});

it('refuses to evaluate on images of other channels or another size, before it reads or fetches any', async () => {
  await run('export', 'run', '--format', 'bundle', '--out', 'digits.bundle');
  for (const file of ['digits.bundle', 'run']) {
    expect(await refused('eval', file, '--data-set', 'folder', '--data-dir', 'img')).toMatch(
      /: expected a network for images \[3,28,28\], as folder has, got one for \[1,28,28\]; see --data-set$/,
    );
    expect(await refused('eval', file, '--data-set', 'cifar10')).toMatch(
      /: expected a network for images \[3,32,32\], as cifar10 has, got one for \[1,28,28\]; see --data-set$/,
    );
  }
});

it('refuses in one line, and writes nothing', async () => {
  const out = ['--out', 'refused'];
  writeFileSync(path('net.pth'), Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 8, 8, 0, 0));
  expect(await refused('eval', 'net.pth')).toMatch(
    /^net\.pth: expected safetensors, got a pickle of PyTorch's; convert/,
  );
  expect(await refused('export', 'run', ...out)).toMatch(/^required option '--format <name>' not specified/);
  expect(await refused('export', 'run', '--format', 'pt', ...out)).toMatch(
    /'pt' is invalid\. Allowed choices are state-dict, /,
  );
  expect(await refused('export', 'nowhere', '--format', 'bundle', ...out)).toMatch(
    /^nowhere: expected a checkpoint, .*ENOENT/,
  );
  expect(await refused('export', 'run', '--format', 'state-dict', '--half', ...out)).toBe(
    '--half: expected --format bundle, got state-dict',
  );
  expect(await refused('export', 'run', '--format', 'bundle', '--out', 'no/such/folder')).toMatch(
    /^no\/such\/folder: expected to write \d+ bytes, got ENOENT/,
  );
  const best = 'run/checkpoint-best.safetensors';
  const before = readFileSync(path(best));
  expect(await refused('export', 'run', '--format', 'onnx', '--out', best)).toBe(
    `--out ${best}: expected a file of its own, got the checkpoint of a run`,
  );
  expect(readFileSync(path(best))).toEqual(before);
  await run('export', 'run', '--format', 'state-dict', '--out', 'plain.safetensors');
  expect(await refused('export', 'run.bundle', '--format', 'onnx', '--out', './run.bundle')).toBe(
    '--out ./run.bundle: expected a file of its own, got the file that is to be exported',
  );
  expect(await refused('export', 'plain.safetensors', '--format', 'bundle', ...out)).toMatch(
    /^plain\.safetensors: a plain state dict does not say what it is; expected --model NAME and --data-set NAME$/,
  );
  expect(
    await refused(
      'export',
      'plain.safetensors',
      '--model',
      'lenet5',
      '--data-set',
      'mnist',
      '--format',
      'bundle',
      ...out,
    ),
  ).toMatch(/^plain\.safetensors: the tensors do not fit the model: missing "conv1\.weight"/);
  expect(existsSync(path('refused'))).toBe(false);
});
