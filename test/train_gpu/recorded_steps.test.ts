// Steps that are recorded and replayed: the same as eager ones bit for bit, in whatever kind of run, and nothing made anew.

import { afterAll, describe, expect, it } from 'vitest';
import { type AnyDataset, type ReadImage, StreamedImages, type StreamedSplit } from '../../src/data/index.js';
import { DeviceMemoryError } from '../../src/device/index.js';
import { createTrainer, type RunConfig, type RunOptions, type StepEvent, type Trainer } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digestsOf, patterns } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

/** 90 images in batches of 16: the last batch of an epoch has 10. */
const dataset = patterns(90);
const create = (change: Partial<RunConfig> = {}): Promise<Trainer> =>
  createTrainer(device, { ...CONFIG, maxSteps: 14, ...change }, dataset);

async function run(change: Partial<RunConfig>, options: RunOptions) {
  const trainer = await create(change);
  const told: unknown[] = [];
  for await (const event of trainer.run(options)) {
    if (event.type === 'step') told.push(event.loss);
    if (event.type === 'epoch') told.push([event.trainLoss, event.testLoss, event.testAccuracy]);
    if (event.type === 'topology') told.push([event.layer, event.grown, event.nnz]);
  }
  const end = await digestsOf(trainer.parts.model);
  trainer.dispose();
  return { told, end };
}

describe('are the same as eager ones', () => {
  /** Where the adapter has f16. */
  const halves: Record<string, Partial<RunConfig>> = {
    'f16, convolutions': { method: 'ssb', model: 'wrn-10-1', precision: 'f16', maxSteps: 7 },
    'f16, with updates, parts of a batch and averages': {
      ...{ method: 'dsb', precision: 'f16', microBatch: 6, ema: 0.9, growthSteps: 3 },
    },
  };
  const kinds: Record<string, Partial<RunConfig>> = {
    'dense, with a smaller last batch': { method: 'dense' },
    'dsb, with updates': { method: 'dsb' },
    'dsb, growth over all steps by momentum': { method: 'dsb', growth: 'momentum', growthSteps: 3 },
    'rigl, with updates': { method: 'rigl' },
    'convolutions, batch statistics and dropout': { method: 'ssb', model: 'wrn-10-1', dropout: 0.3, maxSteps: 7 },
    'parts of a batch, the last one smaller, with dropout': {
      ...{ method: 'dense', model: 'lenet300-100', microBatch: 6, dropout: 0.5 },
    },
    'AdamW, averaged weights, warm-up and augmentation': {
      ...{ method: 'dsb', optimizer: 'adamw', learningRate: 0.01, ema: 0.9, warmupEpochs: 2, augment: 'standard' },
    },
    ...(device.has('shader-f16') ? halves : {}),
  };
  it.each(Object.entries(kinds))('%s', async (_, change) => {
    const recorded = await run(change, {});
    expect(recorded).toEqual(await run(change, { record: false }));
    expect(recorded.told.length).toBeGreaterThan(7);
  });
});

it('survive a damaged image in one part of a batch', async () => {
  const { train } = dataset;
  const pixels = train.images.length / train.count;
  const isDamaged = (image: number) => image === 20;
  const read: ReadImage = async (image, target) => {
    target.set(train.images.subarray(image * pixels, (image + 1) * pixels));
    return !isDamaged(image);
  };
  const streamed: AnyDataset = {
    ...dataset,
    train: {
      ...{ labels: train.labels, count: train.count, read, pick: () => streamed.train as StreamedSplit },
      open: (device, info, batchSize) => new StreamedImages(device, train.labels, info, batchSize, read),
    },
  };
  const trainer = await createTrainer(device, { ...CONFIG, method: 'ssb', microBatch: 8, epochs: 2 }, streamed);
  const skipped: unknown[] = [];
  for await (const event of trainer.run()) if (event.type === 'epoch') skipped.push(event.skippedImages);
  expect(skipped).toEqual([1, 1]);
  trainer.dispose();
});

describe('make nothing anew', () => {
  /** What was created until the end of each step. */
  async function countersOf(change: Partial<RunConfig>): Promise<{ step: number; created: string }[]> {
    const trainer = await create({ epochs: 10, maxSteps: 40, ...change });
    const counters: { step: number; created: string }[] = [];
    for await (const event of trainer.run()) {
      if (event.type !== 'step') continue;
      const { pipelines, bindGroups } = device.counters();
      const { buffers, heldBytes } = device.memory();
      counters.push({ step: (event as StepEvent).step, created: `${pipelines} ${bindGroups} ${buffers} ${heldBytes}` });
    }
    trainer.dispose();
    return counters;
  }

  it('static: after the first epoch', async () => {
    const counters = await countersOf({ method: 'ssb' });
    // Six steps an epoch; the first evaluation follows the sixth.
    const warm = counters.filter(({ step }) => step > 6);
    expect(new Set(warm.map(({ created }) => created)).size).toBe(1);
    expect(warm).toHaveLength(33);
  });

  it('dynamic: no pipelines and no buffers after the first updates', async () => {
    const counters = await countersOf({ method: 'dsb', updateEnd: 40 });
    const warm = counters.filter(({ step }) => step > 12).map(({ created }) => created.split(' '));
    for (const kept of [0, 2, 3]) expect(new Set(warm.map((counts) => counts[kept])).size).toBe(1);
  });
});

describe('planMemory', () => {
  it.each([{ method: 'dense' as const }, { method: 'dsb' as const, microBatch: 5 }])(
    'says before the first step what the run will take at most, %o',
    async (change) => {
      const trainer = await create({ model: 'wrn-10-1', maxSteps: 4, updateInterval: 10, ...change });
      const { heldBytes, stepBytes } = await trainer.planMemory();
      device.resetPeak();
      for await (const _ of trainer.run());
      const peak = device.memory().peakUsedBytes;
      expect(peak).toBeGreaterThan(0.9 * (heldBytes + stepBytes));
      expect(peak).toBeLessThan(1.1 * (heldBytes + stepBytes));
      trainer.dispose();
    },
  );

  it('changes nothing', async () => {
    const run = async (planned: boolean) => {
      const trainer = await create({ method: 'dsb', augment: 'standard' });
      if (planned) await trainer.planMemory();
      for await (const _ of trainer.run());
      const end = await digestsOf(trainer.parts.model);
      trainer.dispose();
      return end;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('names a micro-batch that fits where the batch does not', async () => {
    const small = await testDevice();
    // No adapter offers so little.
    (small as unknown as { pool: { largestBytes: number } }).pool.largestBytes = 160 * 1024;
    const config = { ...CONFIG, method: 'dense', model: 'wrn-10-1', batchSize: 64 } as const;
    const trainer = await createTrainer(small, config, dataset);
    await expect(trainer.planMemory()).rejects.toThrow(
      new DeviceMemoryError(
        'tensor [16,8,8,64] f32: needs one buffer of 256.0 KiB, but this device binds at most 160.0 KiB; a micro-batch of 32 would fit',
      ),
    );
    trainer.dispose();
    const fitting = await createTrainer(small, { ...config, microBatch: 32 }, dataset);
    expect((await fitting.planMemory()).stepBytes).toBeGreaterThan(0);
    fitting.dispose();
  });
});

describe('that compute results again', () => {
  const network = { model: 'wrn-10-1', dropout: 0.3, maxSteps: 7 } as const;
  const kinds: Record<string, Partial<RunConfig>> = {
    dense: { ...network, method: 'dense' },
    'dsb, with updates': { ...network, method: 'dsb' },
    'rigl, parts of a batch': { ...network, method: 'rigl', microBatch: 6 },
    ...(device.has('shader-f16') ? { f16: { ...network, method: 'ssb', precision: 'f16' } } : {}),
  };
  it.each(Object.entries(kinds))('give the same and take less memory: %s', async (_, change) => {
    const again = { ...change, recompute: true };
    const kept = await run(change, {});
    expect(await run(again, {})).toEqual(kept);
    expect(await run(again, { record: false })).toEqual(kept);
    const bytesOf = async (change: Partial<RunConfig>) => {
      const trainer = await create(change);
      const { stepBytes } = await trainer.planMemory();
      trainer.dispose();
      return stepBytes;
    };
    expect(await bytesOf(again)).toBeLessThan(0.95 * (await bytesOf(change)));
  });
});

it('take less memory than eager ones', async () => {
  const peakOf = async (options: RunOptions): Promise<number> => {
    const trainer = await create({ method: 'dense', model: 'wrn-10-1', maxSteps: 3 });
    const { usedBytes } = device.memory();
    device.resetPeak();
    for await (const _ of trainer.run(options));
    const { peakUsedBytes } = device.memory();
    trainer.dispose();
    return peakUsedBytes - usedBytes;
  };
  const eager = await peakOf({ record: false });
  const recorded = await peakOf({});
  expect(recorded).toBeLessThan(0.67 * eager);
});
