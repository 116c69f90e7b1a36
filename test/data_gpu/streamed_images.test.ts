// Streamed images: the batches that resident ones give, whatever the order in which images arrive; waiting, skipping, memory.
import { describe, expect, it } from 'vitest';
import {
  type DatasetInfo,
  epochSamples,
  type ReadImage,
  ResidentImages,
  StreamedImages,
  takeBatch,
} from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { Random, scope } from '../../src/tensor/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

const INFO: DatasetInfo = {
  ...{ name: 'colour', classes: 1000, channels: 3, height: 5, width: 6, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
  augmentation: { padding: 2, flip: true, rotation: 20 },
};
const PIXELS = INFO.height * INFO.width;
const COUNT = 23;
const random = new Random(7);
/** [count, H, W, C]. */
const interleaved = Uint8Array.from({ length: COUNT * PIXELS * 3 }, () => random.below(256));
const labels = Uint16Array.from({ length: COUNT }, () => random.below(1000));
const planes = interleaved.map((_, i) => {
  const image = Math.floor(i / (3 * PIXELS));
  return interleaved[image * 3 * PIXELS + (i % PIXELS) * 3 + (Math.floor(i / PIXELS) % 3)];
});

const imageOf = (image: number) => interleaved.subarray(image * 3 * PIXELS, (image + 1) * 3 * PIXELS);

/** Ends after a random number of turns of the event loop. */
const slowly: ReadImage = async (image, target) => {
  for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  target.set(imageOf(image));
  return true;
};

const stream = (read: ReadImage, batchSize = 4) => new StreamedImages(device, labels, INFO, batchSize, read);

async function contents(source: ResidentImages | StreamedImages, first: number, size: number) {
  await source.ready(first, size);
  return read(source, first, size);
}

async function read(source: ResidentImages | StreamedImages, first: number, size: number) {
  const reading = scope(() => {
    const { images, labels } = takeBatch(source, first, size);
    return [images.read(), labels.read()];
  });
  const [images, labels] = await Promise.all(reading);
  return { images: [...images], labels: [...labels] };
}

const inOrder = epochSamples({ count: COUNT, epoch: 0, seed: 0, shuffle: false });

describe('StreamedImages', () => {
  it('gives the batches of resident images, over epochs, from any batch on, in parts or whole', async () => {
    const resident = new ResidentImages(device, { images: planes, labels, count: COUNT }, INFO);
    const streamed = stream(slowly);
    expect(streamed.count).toBe(COUNT);
    for (const [epoch, start] of [
      [0, 0],
      [1, 12],
      [2, 0],
    ]) {
      const samples = epochSamples({ count: COUNT, epoch, seed: 3, shuffle: true, augmentation: INFO.augmentation });
      for (const source of [resident, streamed]) source.startEpoch(samples);
      for (let first = start; first < COUNT; first += 4) {
        const size = Math.min(4, COUNT - first);
        expect(await contents(streamed, first, size)).toEqual(await contents(resident, first, size));
        // Again, and a part of it, as micro-batches and a failed step ask for.
        expect(await read(streamed, first + 1, size - 1)).toEqual(await read(resident, first + 1, size - 1));
      }
    }
    resident.dispose();
    streamed.dispose();
  });

  it('goes back and forth', async () => {
    const streamed = stream(slowly);
    streamed.startEpoch(inOrder);
    for (const first of [8, 0, 4, 16, 12, 20, 19]) {
      expect((await contents(streamed, first, 3)).labels).toEqual([...labels.subarray(first, first + 3)]);
    }
  });

  it('takes batches of changing size, around the end of its ring', async () => {
    const streamed = stream(slowly, 3);
    streamed.startEpoch(inOrder);
    let first = 0;
    for (const size of [2, 5, 1, 7, 3, 5]) {
      expect((await contents(streamed, first, size)).labels).toEqual([...labels.subarray(first, first + size)]);
      first += size;
    }
  });

  it('reads two batches ahead and no more, each image once', async () => {
    const asked: number[] = [];
    const streamed = stream(async (image, target) => {
      asked.push(image);
      target.set(imageOf(image));
      return true;
    });
    streamed.startEpoch(inOrder);
    expect(asked).toEqual([]);
    await streamed.ready(0, 4);
    expect(asked).toHaveLength(12);
    await streamed.ready(4, 4);
    expect(asked).toHaveLength(16);
    for (let first = 8; first < COUNT; first += 4) await streamed.ready(first, Math.min(4, COUNT - first));
    expect(asked).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  });

  it('asks for random parts by a seed of each image and epoch, wherever it stands in the order', async () => {
    const seedsOf = async (cropSeed: number | undefined, shuffle: boolean) => {
      const seeds = new Map<number, number | undefined>();
      const streamed = stream(async (image, _, seed) => {
        seeds.set(image, seed);
        return true;
      });
      streamed.startEpoch(epochSamples({ count: COUNT, epoch: 0, seed: 1, shuffle }), cropSeed);
      for (let first = 0; first < COUNT; first += 4) await streamed.ready(first, Math.min(4, COUNT - first));
      return Array.from({ length: COUNT }, (_, image) => seeds.get(image));
    };
    const seeds = await seedsOf(5, false);
    expect(new Set(seeds).size).toBe(COUNT);
    expect(await seedsOf(5, true)).toEqual(seeds);
    expect((await seedsOf(6, true)).filter((seed, i) => seed === seeds[i])).toEqual([]);
    expect(new Set(await seedsOf(undefined, true))).toEqual(new Set([undefined]));
  });

  it('leaves damaged images out and counts them', async () => {
    const damaged = new Set([1, 2, 5, 8, 9, 10, 11]);
    const streamed = stream(async (image, target) => {
      target.set(imageOf(image));
      return !damaged.has(image);
    });
    streamed.startEpoch(inOrder);
    const { images, labels: given } = await contents(streamed, 0, 4);
    expect(given).toEqual([labels[0], labels[3]]);
    expect(images).toHaveLength(2 * 3 * PIXELS);
    expect(images.every(Number.isFinite)).toBe(true);
    expect(streamed.skipped).toBe(2);
    expect((await contents(streamed, 4, 4)).labels).toEqual([4, 6, 7].map((image) => labels[image]));
    expect(streamed.skipped).toBe(3);
    await streamed.ready(8, 4);
    expect(() => streamed.upload(8, 4)).toThrow(
      new InputError('colour: expected an undamaged image in a batch of 4, got none'),
    );
    streamed.startEpoch(inOrder);
    expect(streamed.skipped).toBe(0);
  });

  it('counts the time in which it waits for images, and no other', async () => {
    const streamed = stream(async (image, target) => {
      if (image < 4) await new Promise((resolve) => setTimeout(resolve, 200));
      return slowly(image, target);
    });
    streamed.startEpoch(inOrder);
    await streamed.ready(0, 4);
    expect(streamed.waitedMs).toBeGreaterThan(190);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = streamed.waitedMs;
    await streamed.ready(4, 4);
    expect(streamed.waitedMs - before).toBeLessThan(100);
    streamed.startEpoch(inOrder);
    expect(streamed.waitedMs).toBe(0);
  });

  it('tells an error when its image is due, not before', async () => {
    const streamed = stream(async (image, target) => {
      if (image === 9) throw new InputError('x.jpg: damaged');
      return slowly(image, target);
    });
    streamed.startEpoch(inOrder);
    await contents(streamed, 0, 4);
    await contents(streamed, 4, 4);
    await expect(streamed.ready(8, 4)).rejects.toThrow('x.jpg: damaged');
  });

  it('leaves no memory behind on the GPU', async () => {
    const streamed = stream(slowly);
    const epoch = async () => {
      streamed.startEpoch(inOrder);
      for (let first = 0; first + 4 <= COUNT; first += 4) {
        await streamed.ready(first, 4);
        scope(() => void takeBatch(streamed, first, 4));
      }
      await device.finish();
    };
    await epoch();
    const before = device.memory();
    for (let i = 0; i < 5; i++) await epoch();
    expect(device.memory()).toEqual(before);
  });

  it('refuses what is not there', async () => {
    const streamed = stream(slowly);
    streamed.startEpoch(inOrder);
    await expect(streamed.ready(20, 4)).rejects.toThrow(
      'ready: expected 1 to 12 samples of an epoch of 23, got 20 to 23',
    );
    await expect(streamed.ready(0, 13)).rejects.toThrow('ready: expected 1 to 12 samples');
    await streamed.ready(4, 4);
    expect(() => streamed.upload(8, 4)).toThrow('upload: expected samples from 4 to 7, which are ready, got 8 to 11');
    expect(() => streamed.upload(0, 4)).toThrow('got 0 to 3');
  });
});
