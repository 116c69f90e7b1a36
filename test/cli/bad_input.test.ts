// Every bad input ends with exit code 2, one line on stderr that says what is wrong, and nothing written.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { swiftshaderDriverFile } from '../../src/device/dawn/software_adapter.node.js';
import { encodeSafetensors, type SafetensorsTensor, safetensor } from '../../src/train/index.js';
import { closedPort } from '../data/file_server.js';
import { cifarFile, idxFile, randomBytes } from '../data/support.js';
import { buildCommandLine, type Ended } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const { folder } = commands;
const OUT = 'run';
/** Ends quickly, should it be accepted after all. */
const TINY = ['--model', 'lenet300-100', '--limit-train', '64', '--limit-test', '64', '--max-steps', '1'];

function expectRefused({ status, stderr }: Ended, message: RegExp | string): void {
  expect(stderr).toMatch(/^shuffleblock: [^\n]+\n$/);
  expect(stderr.slice('shuffleblock: '.length, -1)).toMatch(message);
  expect(status).toBe(2);
}

/** Runs a training that must be refused, and leave nothing behind. */
async function refusedTraining(args: readonly string[], message: RegExp | string): Promise<void> {
  const before = readdirSync(folder);
  const ended = await commands.run(['train', ...TINY, '--adapter', 'software', '--out', OUT, ...args]);
  expectRefused(ended, message);
  expect(readdirSync(folder)).toEqual(before);
}

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('flags', () => {
  it.each<[string[], RegExp]>([
    [['--precision', 'f8'], /^option '--precision <type>' argument 'f8' is invalid\. Allowed choices are f32, f16\./],
    [['--model', 'lenet6'], /^model: expected one of lenet5, .*; got 'lenet6'$/],
    [['--model', 'wrn-23-2'], /^model wrn-23-2: expected wrn-D-W with D = 10, 16, /],
    [
      ['--model', 'wrn-10-9999999'],
      /^a layer's weight \[159999984,16,3,3\]: expected at most \d+ bytes, which is what this adapter binds, got \d+$/,
    ],
    [['--data-set', 'svhn'], /^data set: expected one of mnist, cifar10, .*, folder, got svhn$/],
    [
      ['--data-set', 'imagenet'],
      /^imagenet: expected a folder with train\/WNID\/\*\.JPEG .*; pass --data_dir DIR or put it in data/,
    ],
    [['--image-size', '0'], /^image size: expected a positive whole number, got 0$/],
    [['--image-size', '32'], /^image size: expected 28, that of mnist, got 32$/],
    [['--broken-images', 'maybe'], /argument 'maybe' is invalid\. Allowed choices are stop, skip\./],
    [
      ['--method', 'lth'],
      /'--method <name>' argument 'lth' is invalid\. Allowed choices are dsb, ssb, rigl, set, dense\./,
    ],
    [['--foo'], /^unknown option '--foo'; --help /],
    [['--lrr', '1'], /^unknown option '--lrr' \(Did you mean --lr\?\); --help /],
    [['--lr'], /^option '--lr <f>' argument missing/],
    [['stray'], /^too many arguments for 'train'\./],
    [['--sparsity', '1'], /^sparsity: expected a number in \[0, 1\), got 1$/],
    [['--sparsity', '-0.1'], /^sparsity: expected a number in \[0, 1\), got -0\.1$/],
    [['--sparsity', 'abc'], /^--sparsity: expected a number, got 'abc'$/],
    [['--sparsity', ''], /^--sparsity: expected a number, got ''$/],
    [['--block-size', '-16'], /^block size: expected a whole number of at least 4, got -16$/],
    [['--block-size', '4.5'], /^block size: expected a whole number of at least 4, got 4\.5$/],
    [['--block-size', 'x'], /^--block-size: expected a number, got 'x'$/],
    [['--block_size', '785'], /^block size: expected at most 784, .*, got 785$/],
    [['--block-size', '0', '--method', 'dsb'], /^--block-size 0: expected --method rigl, set or dense/],
    [['--static-update', 'maybe'], /^--static-update: expected y or n, got 'maybe'$/],
    [['--dense-layers', 'fc9'], /^dense layers: expected a pattern that matches a layer \(fc1, fc2, fc3\), got 'fc9'$/],
    [
      ['--layer', 'fc9*:density=0.5'],
      /^layer: expected a pattern that matches a layer \(fc1, fc2, fc3\), got 'fc9\*'$/,
    ],
    [
      ['--layer', 'fc1:density=0.5'],
      /^sparsity: expected at least 0\.\d{4} and below 0\.\d{4}, .* \(fc1 0\.5\), got 0\.9$/,
    ],
    [['--T_end', '10'], /^T_end: expected more than 24, .*, got 10: nothing would ever change$/],
    [['--epochs', '0'], /^epochs: expected a positive whole number, got 0$/],
    [['--lr', 'Infinity'], /^--lr: expected a number, got 'Infinity'$/],
    [['--seed', '-1'], /^seed: expected a whole number in \[0, 2\^32\), got -1$/],
    [['--validation', '0'], /^validation: expected a positive whole number, got 0$/],
    [['--validation', 'some'], /^--validation: expected a number, got 'some'$/],
    [
      ['--validation', '64'],
      /^validation: expected a positive whole number below 64, the number of training images, got 64$/,
    ],
    [['--milestones', '1,x'], /^--milestones: expected a number, got 'x'$/],
    [['--adapter', 'quantum'], /Allowed choices are auto, hardware, software\./],
  ])('%j', refusedTraining);

  it('an unknown command, and one that is cut short', async () => {
    expectRefused(await commands.run(['tarin']), /^unknown command 'tarin' \(Did you mean train\?\); --help /);
    expectRefused(await commands.run(['eval']), /^missing required argument 'file'/);
    expectRefused(await commands.run(['bench', 'kernels', '--foo']), /^unknown option '--foo'/);
  });

  it('no command at all shows the help', async () => {
    const { status, stderr } = await commands.run([]);
    expect(stderr).toMatch(/^Usage: shuffleblock /);
    expect(status).toBe(2);
  });
});

describe('data', () => {
  const images = (count: number) => idxFile(0x803, [count, 28, 28], randomBytes(count * 784, 1));
  const labels = (count: number) => idxFile(0x801, [count], new Uint8Array(count));
  const cifar = (count: number) =>
    cifarFile(
      Array.from({ length: count }, (_, i) => [i % 10]),
      randomBytes(count * 3072, 1),
    );

  function mnistFolder(name: string, trainImages: Uint8Array): string {
    file(`${name}/train-images-idx3-ubyte`, trainImages);
    file(`${name}/train-labels-idx1-ubyte`, labels(3));
    file(`${name}/t10k-images-idx3-ubyte`, images(3));
    file(`${name}/t10k-labels-idx1-ubyte`, labels(3));
    return join(folder, name);
  }

  it('no folder, or none such', async () => {
    const unreachable = ['--data-url', await closedPort()];
    await refusedTraining(
      ['--data-set', 'cifar-100', '--data_dir', 'nowhere', ...unreachable],
      /^cifar100: expected to fetch http\S*cifar-100-binary\.tar\.gz, got .*; without a network, put .* into \S*nowhere$/,
    );
    await refusedTraining(
      ['--data-dir', 'nowhere', ...unreachable],
      /^mnist: expected to fetch http\S*train-images-idx3-ubyte\.gz, got .*, put train\S*\.gz, .* into \S*nowhere$/,
    );
    await refusedTraining(unreachable, /^data url: expected --data_dir DIR beside it for mnist, /);
    await refusedTraining(
      ['--data-set', 'imagenet', ...unreachable],
      /^data set to fetch: expected one of mnist, cifar10, cifar100, got imagenet$/,
    );
    await refusedTraining(
      ['--data-set', 'cifar10', '--image-size', '64'],
      /^image size: expected 32, that of cifar10, got 64$/,
    );
  });

  it('truncated and oversized CIFAR files', async () => {
    const path = file('cifar/data_batch_1.bin', cifar(2).subarray(0, 6000));
    const args = ['--data-set', 'cifar10', '--data-dir', join(folder, 'cifar')];
    await refusedTraining(args, /data_batch_1\.bin: expected whole records of 3073 bytes .*, got 6000 bytes/);
    writeFileSync(path, new Uint8Array([...cifar(2), 7]));
    await refusedTraining(args, /data_batch_1\.bin: expected whole records of 3073 bytes .*, got 6147 bytes/);
  });

  it('truncated and oversized idx files', async () => {
    const truncated = mnistFolder('truncated', images(3).subarray(0, 2000));
    await refusedTraining(['--data-dir', truncated], /train-images-idx3-ubyte: expected .* got /);
    const oversized = mnistFolder('oversized', new Uint8Array([...images(3), 0]));
    await refusedTraining(['--data-dir', oversized], /train-images-idx3-ubyte: expected .* got /);
  });
});

describe('initial state', () => {
  const WHOLE: Record<string, number[]> = {
    'fc1.weight': [300, 784],
    'fc1.bias': [300],
    'fc2.weight': [100, 300],
    'fc2.bias': [100],
    'fc3.weight': [10, 100],
    'fc3.bias': [10],
  };

  function stateFile(name: string, change: Record<string, SafetensorsTensor | undefined>): string {
    const zeros = (shape: number[]) => safetensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const tensors = Object.entries(WHOLE).map(([key, shape]): [string, SafetensorsTensor] => [key, zeros(shape)]);
    const changed = Object.entries({ ...Object.fromEntries(tensors), ...change });
    const present = changed.filter((entry): entry is [string, SafetensorsTensor] => entry[1] !== undefined);
    return file(name, encodeSafetensors(present));
  }

  it('missing, truncated, of another kind', async () => {
    await refusedTraining(
      ['--init', 'none.safetensors'],
      /^--init none\.safetensors: expected a checkpoint, run folder, /,
    );
    const whole = readFileSync(stateFile('whole.safetensors', {}));
    const truncated = file('truncated.safetensors', whole.subarray(0, whole.length - 1));
    await refusedTraining(['--init', truncated], /truncated\.safetensors: .*: a truncated file$/);
    const text = file('text.safetensors', new TextEncoder().encode('these are no tensors'));
    await refusedTraining(
      ['--init', text],
      /text\.safetensors: expected a safetensors file, got one that begins with "these are no tensors"$/,
    );
  });

  it('missing, extra and misshapen tensors, all in one line', async () => {
    const path = stateFile('unfit.safetensors', {
      'fc1.bias': undefined,
      'fc2.weight': undefined,
      'fc4.weight': safetensor(new Float32Array(2), [2]),
      'fc3.weight': safetensor(new Float32Array(1000), [100, 10]),
    });
    await refusedTraining(
      ['--init', path],
      /unfit\.safetensors: the tensors do not fit the model: missing "fc1\.bias", "fc2\.weight"; not in the model: "fc4\.weight"; misshapen: fc3\.weight expected \[10,100\], got \[100,10\]$/,
    );
    const evaluated = await commands.run([
      'eval',
      path,
      '--model',
      'lenet300-100',
      '--data-set',
      'mnist',
      '--adapter',
      'software',
    ]);
    expectRefused(evaluated, /unfit\.safetensors: the tensors do not fit the model: missing "fc1\.bias"/);
  });

  it('a mask that is not shuffled-block', async () => {
    const mask = new Uint8Array(300 * 784).fill(1);
    mask[1000] = 0;
    const path = stateFile('mask.safetensors', { 'fc1.weight_mask': safetensor(mask, [300, 784]) });
    await refusedTraining(
      ['--init', path],
      /mask\.safetensors: fc1\.weight: .*got 783 in row 1: the mask is not shuffled-block$/,
    );
    await refusedTraining(
      ['--init', path, '--method', 'dense'],
      /expected no pruned weights for method dense, got some$/,
    );
  });

  it('evaluation: a file that is missing, or does not say what it is', async () => {
    expectRefused(
      await commands.run(['eval', 'none.safetensors']),
      /^none\.safetensors: expected a checkpoint, run folder, /,
    );
    const path = stateFile('plain.safetensors', {});
    expectRefused(await commands.run(['eval', path]), /plain\.safetensors: a plain state dict does not say what it is/);
    const empty = ['--model', 'lenet300-100', '--data-set', 'mnist', '--limit-test', '0'];
    expectRefused(
      await commands.run(['eval', path, ...empty]),
      /^limit: expected a positive whole number of images, got 0$/,
    );
  });
});

describe('run folder', () => {
  it('that holds anything is left as it is', async () => {
    file('full/notes.txt', new TextEncoder().encode('mine'));
    await refusedTraining(['--out', 'full'], /^--out full: expected a new or empty folder, got one with notes\.txt$/);
    expect(readdirSync(join(folder, 'full'))).toEqual(['notes.txt']);
    expect(readFileSync(join(folder, 'full/notes.txt'), 'utf8')).toBe('mine');
  });

  it('that is a file is left as it is', async () => {
    file('taken', new TextEncoder().encode('mine'));
    await refusedTraining(['--out', 'taken'], /^--out taken: expected a folder that can be written, got ENOTDIR/);
    await refusedTraining(
      ['--out', 'taken/below'],
      /^--out taken\/below: expected a folder that can be written, got E/,
    );
    expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('mine');
  });
});

describe('adapter', () => {
  it('without f16: says so before anything is made', async () => {
    const env = { VK_DRIVER_FILES: await swiftshaderDriverFile() };
    for (const args of [
      ['train', ...TINY, '--out', OUT, '--precision', 'f16'],
      ['bench', 'step', '--models', 'lenet300-100', '--precision', 'f32,f16'],
    ]) {
      expectRefused(
        await commands.run([...args, '--adapter', 'software'], env),
        /^precision: expected f32 on an adapter without shader-f16, got f16 on .*SwiftShader/i,
      );
    }
    expect(existsSync(join(folder, OUT))).toBe(false);
  });

  it('without matrix units: says so where they are asked for', async () => {
    const env = { VK_DRIVER_FILES: await swiftshaderDriverFile() };
    for (const args of [
      ['train', ...TINY, '--out', OUT],
      ['bench', 'kernels'],
    ]) {
      expectRefused(
        await commands.run([...args, '--adapter', 'software', '--matrix-units', 'on'], env),
        /^--matrix-units: expected auto or off on an adapter without them, got on \(.*SwiftShader/i,
      );
    }
    expect(existsSync(join(folder, OUT))).toBe(false);
  });

  it('none at all: tells what was tried', async () => {
    const env = { VK_DRIVER_FILES: '/nonexistent/driver.json' };
    for (const args of [['info'], ['train', ...TINY, '--out', OUT]]) {
      const ended = await commands.run([...args, '--adapter', 'hardware'], env);
      expectRefused(
        ended,
        /^no hardware adapter found\. Tried (Vulkan loader of the system: none; )?VK_DRIVER_FILES=\/nonexistent\/driver\.json \(set in the environment\): no such file\. Install /,
      );
    }
    expect(existsSync(join(folder, OUT))).toBe(false);
  });
});
