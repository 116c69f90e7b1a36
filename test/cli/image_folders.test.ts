// Training on image files as a user does: streamed and resumed, whatever the number of workers; damaged files; the data command.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/tensor/index.js';
import { image, put } from '../data/image_files.js';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
const path = (...names: string[]) => join(commands.folder, ...names);
const software = ['--adapter', 'software'];

/** A reddish and a bluish class, 10 training and 4 test images each, of changing size. */
async function putFolder(name: string): Promise<void> {
  const random = new Random(5);
  for (const [part, count] of [
    ['train', 10],
    ['val', 4],
  ] as const) {
    for (const [label, className] of ['red', 'blue'].entries()) {
      for (let i = 0; i < count; i++) {
        const [width, height] = [20 + random.below(20), 20 + random.below(20)];
        const pixels = Uint8Array.from(
          { length: 3 * width * height },
          (_, at) => (at % 3 === 2 * label ? 120 : 0) + random.below(130),
        );
        const file = image(width, height, pixels);
        put(path(name, part, className, `${i}.jpg`), await file.jpeg({ quality: 90 }).toBuffer());
      }
    }
  }
}

beforeAll(async () => {
  await putFolder('data/folder');
  await putFolder('damaged');
  put(path('damaged/train/red/6.jpg'), readFileSync(path('data/folder/train/red/6.jpg')).subarray(0, 400));
});

const SMALL = [
  '--data_set',
  'folder',
  '--image-size',
  '12',
  '--model',
  'lenet300-100',
  '--sparsity',
  '0.5',
  '--batch-size',
  '8',
];
const RECIPE = ['--lr', '0.02', '--warmup-epochs', '0', '--T', '2', '--T-end', '6', '--log-every', '1', ...software];

async function train(...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await commands.run(['train', ...SMALL, ...RECIPE, ...flags]);
  expect(stderr.match(/^shuffleblock: .*/m)).toBeNull();
  expect(status).toBe(0);
  return stdout;
}

/** Lines of metrics.jsonl, without what differs from run to run. */
function metricsOf(run: string): Record<string, unknown>[] {
  return readFileSync(path(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { ms, memoryBytes, seconds, updateSeconds, dataWaitSeconds, ...event } = JSON.parse(line);
      if (event.type === 'epoch') {
        expect(dataWaitSeconds).toBeGreaterThan(0);
        expect(dataWaitSeconds).toBeLessThan(seconds);
      }
      return event;
    });
}

const epochsOf = (run: string) => metricsOf(run).filter(({ type }) => type === 'epoch');

describe('a streamed folder', () => {
  it('gives the same run with any number of workers, whole or resumed in the middle of an epoch', async () => {
    const out = await train('--max-steps', '8', '--epochs', '3', '--workers', '1', '--out', 'whole');
    expect(out).toMatch(/^data +data\/folder \(2 classes\): 20 training and 8 test images$/m);
    await train('--max-steps', '4', '--epochs', '3', '--workers', '3', '--out', 'parts');
    const resumed = await commands.run([
      'train',
      '--resume',
      'parts',
      '--max-steps',
      '8',
      '--workers',
      '5',
      ...software,
    ]);
    expect(resumed.status).toBe(0);
    const whole = metricsOf('whole');
    expect(whole.filter(({ type }) => type === 'step')).toHaveLength(8);
    // The shorter run also evaluated where it ended.
    expect(
      metricsOf('parts').filter((event) => whole.some(({ type, step }) => type === event.type && step === event.step)),
    ).toEqual(whole);
    expect(epochsOf('whole').at(-1)!.trainLoss).toBeLessThan(epochsOf('whole')[0].trainLoss as number);
  });

  it('makes models that know their classes and their size', async () => {
    const file = ['whole/checkpoint-last.safetensors', '--data-dir', 'data/folder', '--json', ...software];
    const evaluated = await commands.run(['eval', ...file]);
    const last = epochsOf('whole').at(-1)!;
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      classes: 2,
      height: 12,
      count: 8,
      accuracy: last.testAccuracy,
    });
    const exported = await commands.run([
      'export',
      file[0],
      '--format',
      'bundle',
      '--out',
      'model.bundle',
      ...software,
    ]);
    expect(exported.status).toBe(0);
    const bundle = await commands.run(['eval', 'model.bundle', '--json', ...software]);
    expect(JSON.parse(bundle.stdout)).toMatchObject({ classes: 2, height: 12, accuracy: last.testAccuracy });
  });
});

describe('a damaged image', () => {
  it('ends the run by name when its turn comes; the run goes on without it if told to', async () => {
    const flags = [
      '--data-dir',
      'damaged',
      '--max-steps',
      '6',
      '--checkpoint-every',
      '1',
      '--no-shuffle',
      '--out',
      'stopped',
    ];
    const { status, stderr } = await commands.run(['train', ...SMALL, ...RECIPE, ...flags]);
    expect(stderr).toMatch(
      /^shuffleblock: \S*damaged\/train\/red\/6.jpg: expected an image, got: .*; --broken-images skip leaves /m,
    );
    expect(status).toBe(2);
    const resumed = await commands.run(['train', '--resume', 'stopped', '--broken-images', 'skip', ...software]);
    expect(resumed.status).toBe(0);
    expect(resumed.stdout).toMatch(/^resumed +at step 1 of 6$/m);
    expect(resumed.stderr.match(/^left out .*red\/6.jpg: /gm)).toHaveLength(1);
    expect(resumed.stdout).toMatch(/^epoch 2.*1 damaged images left out\)/m);
    expect(epochsOf('stopped').map(({ skippedImages }) => skippedImages)).toEqual([1, 1]);
  });
});

describe('data', () => {
  it('check counts images and finds what is damaged', async () => {
    const whole = await commands.run(['data', 'check', 'folder', '--image-size', '12']);
    expect(whole.status).toBe(0);
    expect(whole.stdout.split('\n').slice(1)).toEqual([
      'class   train    test',
      'blue       10       4',
      'red        10       4',
      'damaged    none',
      '',
    ]);
    const damaged = await commands.run(['data', 'check', 'folder', '--image-size', '12', '--data-dir', 'damaged']);
    expect(damaged.status).toBe(2);
    expect(damaged.stdout).toMatch(/^red +9 +4$/m);
    expect(damaged.stderr).toMatch(
      /red\/6.jpg: .*\nshuffleblock: damaged .*: expected whole images, got 1 damaged ones\n$/,
    );
    const known = await commands.run(['data', 'check', 'folder', '--data-dir', 'damaged', '--broken-images', 'skip']);
    expect(known.status).toBe(0);
  });

  it('stats tells mean and deviation', async () => {
    const { stdout, status } = await commands.run(['data', 'stats', 'mnist']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^train +mean \[0\.13\d\d\]$/m);
    expect(stdout).toMatch(/^ +std \[0\.3\d\d\d\] over all pixels, \[0\.30\d\d\] within an image$/m);
    expect(stdout).toMatch(/^used +mean \[0\.1307\], std \[0\.3081\]/m);
  });

  it.each([
    ['folder', '--image-size', '12', '--count', '6'],
    ['folder', '--image-size', '12', '--count', '6', '--augment', 'none', '--epoch', '1'],
    ['mnist', '--count', '5'],
  ])('preview draws %s %s %s %s %s', async (name, ...flags) => {
    const { status, stderr } = await commands.run([
      'data',
      'preview',
      name,
      ...flags,
      '--out',
      'grid.png',
      ...software,
    ]);
    expect(stderr).not.toMatch(/^shuffleblock/m);
    expect(status).toBe(0);
    const size = name === 'mnist' ? 28 : 12;
    const { data, info } = await sharp(path('grid.png')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([3 * size + 4, 2 * size + 2]);
    if (name === 'mnist') return;
    // A reddish or a bluish image in each place, with both in the grid.
    const colours = Array.from({ length: 6 }, (_, i) => {
      const at = 3 * ((Math.floor(i / 3) * (size + 2) + size / 2) * info.width + (i % 3) * (size + 2));
      const row = data.subarray(at, at + 3 * size);
      const sum = (channel: number) =>
        row.reduce((total, byte, place) => total + (place % 3 === channel ? byte : 0), 0);
      return sum(0) > sum(2) ? 'red' : 'blue';
    });
    expect(new Set(colours).size).toBe(2);
  });

  it.each([
    [['check', 'svhn'], /^shuffleblock: data set: expected one of mnist, .*, got svhn\n$/],
    [['check', 'imagenet'], /^shuffleblock: imagenet: expected a folder with .*, got none; /],
    [['check', 'folder', '--workers', '0'], /^shuffleblock: workers: expected a positive whole number, got 0\n$/],
    [
      ['preview', 'mnist', '--out', 'x.png', '--count', '0'],
      /^shuffleblock: --count: expected a whole number from 1 to 1024, got 0\n$/,
    ],
    [['preview', 'mnist'], /^shuffleblock: required option '--out <file>' not specified/],
  ])('%s is refused', async (args, message) => {
    const { status, stderr } = await commands.run(['data', ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
