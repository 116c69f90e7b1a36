// Runs with `validation`: what is held out is evaluated as test images are, and never trained on.

import { describe, expect, it } from 'vitest';
import { BrokenImages } from '../../src/data/images/broken_images.js';
import { DecodedSplit } from '../../src/data/images/decoded_split.js';
import { type AnyDataset, holdOut } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { createTrainer, type RunConfig } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digestsOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const SHORT = { ...CONFIG, epochs: 2, updateEnd: 6 };

/** Trains to the end: what the lines say but times and memory, and digests of the parameters at the end. */
async function run(config: RunConfig, images: AnyDataset) {
  const trainer = await createTrainer(device, config, images);
  const lines: object[] = [];
  for await (const event of trainer.run()) {
    if (event.type === 'step') lines.push({ step: event.step, loss: event.loss });
    if (event.type !== 'epoch') continue;
    const { seconds, updateSeconds, dataWaitSeconds, ...line } = event;
    lines.push(line);
  }
  const { totalSteps, position } = trainer;
  const end = await digestsOf(trainer.parts.model);
  trainer.dispose();
  return { lines, totalSteps, position, end };
}

describe('a run', () => {
  it.each<Partial<RunConfig>>([
    { method: 'dsb', augment: 'standard' },
    { method: 'dense', limitTrain: 64, microBatch: 7 },
    { method: 'dense', ema: 0.9 },
  ])('of %o is bit for bit one that has the others for training, and these to be evaluated', async (change) => {
    const config = { ...SHORT, ...change };
    const { limitTrain = dataset.train.count, ...unlimited } = config;
    const { images, labels } = dataset.train;
    const limited = { images: images.subarray(0, limitTrain * 64), labels: labels.subarray(0, limitTrain) };
    const { train, validation } = holdOut({ ...limited, count: limitTrain }, 20);
    const held = await run({ ...config, validation: 20 }, dataset);
    expect(held).toEqual(await run(unlimited, { ...dataset, train, test: validation }));
    expect(held.totalSteps).toBe(2 * Math.ceil((limitTrain - 20) / 16));
  });

  it('holds out the same images whatever its seed', async () => {
    const labelsOf = async (seed: number) => {
      const trainer = await createTrainer(device, { ...SHORT, seed, validation: 20 }, dataset);
      const { train, test } = trainer.parts;
      trainer.dispose();
      return [[...Array.from(train.labels)], [...Array.from(test.labels)]];
    };
    const [train, validation] = await labelsOf(0);
    expect([train.length, validation.length]).toEqual([76, 20]);
    expect(await labelsOf(1)).toEqual([train, validation]);
  });

  it('looks at no test image', async () => {
    const none = { images: new Uint8Array(0), labels: new Uint8Array(0), count: 0 };
    const config: RunConfig = { ...SHORT, method: 'dense', validation: 20 };
    expect(await run(config, { ...dataset, test: none })).toEqual(await run(config, dataset));
  });

  it('wants an image to train on, and leaves nothing behind without', async () => {
    const { usedBytes } = device.memory();
    await expect(createTrainer(device, { ...SHORT, validation: 96 }, dataset)).rejects.toThrow(
      new InputError('validation: expected a positive whole number below 96, the number of training images, got 96'),
    );
    await expect(createTrainer(device, { ...SHORT, limitTrain: 20, validation: 20 }, dataset)).rejects.toThrow(
      /below 20, /,
    );
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('that diverges names the images', async () => {
    const config: RunConfig = {
      ...CONFIG,
      method: 'dense',
      learningRate: 1e30,
      momentum: 0,
      maxSteps: 1,
      validation: 20,
    };
    await expect(run(config, dataset)).rejects.toThrow(/expected a finite loss on the validation images after it/);
  });
});

it('streamed images that are held out are shown whole, those that are trained on in random parts', async () => {
  const [count, size] = [24, 4];
  const shown = { part: new Set<number>(), whole: new Set<number>() };
  const files = {
    where: 'folder',
    labels: Array.from({ length: count }, (_, image) => image % 2),
    name: (image: number) => `${image}.jpg`,
    decode: async (image: number, { cropSeed }: { cropSeed?: number }) => {
      shown[cropSeed === undefined ? 'whole' : 'part'].add(image);
      return new Uint8Array(3 * size * size).fill(10 * image);
    },
  };
  const train = new DecodedSplit(files, { size, resize: size }, new BrokenImages('stop', () => {}, ''));
  const streamed: AnyDataset = {
    ...{ name: 'folder', source: 'test', classes: 2, channels: 3, height: size, width: size },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2], augmentation: { padding: 0, flip: true, resizedCrop: true } },
    ...{ train, test: dataset.test },
  };
  await run({ ...SHORT, method: 'dense', augment: 'standard', batchSize: 8, validation: 6 }, streamed);
  const { validation } = holdOut(train, 6);
  expect([shown.part.size, shown.whole.size]).toEqual([18, 6]);
  expect(new Set([...shown.part, ...shown.whole]).size).toBe(count);
  const labels = [...shown.whole].toSorted((a, b) => a - b).map((image) => image % 2);
  expect(labels).toEqual([...validation.labels]);
});
