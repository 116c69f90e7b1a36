// Data sets from files in a page, up to the batches that a training step gets.
import { describe, expect, it } from 'vitest';
import {
  type AnyDataset,
  datasetFromFiles,
  epochCropSeed,
  epochSamples,
  type ImageSetOptions,
  type LabelledFile,
  openImages,
  takeBatch,
} from '../../src/data/index.js';
import { scope } from '../../src/tensor/index.js';
import { cifarFile, pageFile, randomBytes, tarEntry } from '../data/support.js';
import { testDevice } from '../support/device.js';
import { type Colour, imageBytes } from '../support/page_images.js';

const device = await testDevice();

const COLOURS: Record<string, Colour> = { blue: [0, 0, 240], green: [0, 240, 0], red: [240, 0, 0] };

/** Five pictures of three classes, each of its class's colour, in sizes of their own. */
async function pictures(): Promise<LabelledFile[]> {
  const classes = ['red', 'green', 'blue', 'red', 'green'];
  return Promise.all(
    classes.map(async (className, i) => {
      const bytes = await imageBytes(20 + i, 30 - i, i % 2 ? 'png' : 'jpeg', [0, 0, 40, 40, COLOURS[className]]);
      return { file: pageFile(`${i}.jpg`, bytes), className, part: i === 2 ? ('test' as const) : ('train' as const) };
    }),
  );
}

const load = async (name: string, options: ImageSetOptions = {}, ...more: LabelledFile[]) =>
  datasetFromFiles(name, [...(await pictures()), ...more], { imageSize: 8, ...options });

/** Labels, and of each image the channel that is brightest in all its pixels. */
async function firstBatch(dataset: AnyDataset, size: number) {
  const source = openImages(device, dataset.train, dataset, size);
  const { count } = source;
  source.startEpoch(epochSamples({ count, epoch: 0, seed: 1, shuffle: true }), epochCropSeed(1, 0));
  await source.ready(0, size);
  const [images, labels] = await Promise.all(
    scope(() => {
      const batch = takeBatch(source, 0, size);
      return [batch.images.read(), batch.labels.read()];
    }),
  );
  source.dispose();
  const pixels = dataset.height * dataset.width;
  const value = (channel: number, pixel: number, n: number) =>
    images[(channel * pixels + pixel) * size + n] * dataset.std[channel] + dataset.mean[channel];
  const brightest = Array.from({ length: size }, (_, n) => {
    const channels = [0, 1, 2].filter((channel) =>
      Array.from({ length: pixels }, (_, pixel) => value(channel, pixel, n)).every((bright) => bright > 0.85),
    );
    return channels[0];
  });
  return { images: [...images], labels: [...labels], brightest };
}

describe('image files', () => {
  const SEEN = 3;

  it.each([
    ['in memory', 'tinyimagenet'],
    ['streamed', 'imagenet'],
  ])('%s', async (how, name) => {
    const pair = pictures().then((all) => all.filter(({ className }) => className !== 'blue'));
    const dataset = await datasetFromFiles(name, await pair, { imageSize: 8 });
    expect('images' in dataset.train).toBe(how === 'in memory');
    expect(dataset).toMatchObject({ classNames: ['green', 'red'], classes: 2, height: 8, width: 8 });
    const { images, labels, brightest } = await firstBatch(dataset, SEEN);
    expect(brightest).toEqual(labels.map((label) => (dataset.classNames![label] === 'red' ? 0 : 1)));
    const again = await datasetFromFiles(name, await pair, { imageSize: 8, workers: 1 });
    expect(await firstBatch(again, SEEN)).toEqual({ images, labels, brightest });
  });

  it('that are damaged end everything by name, or are left out by name', async () => {
    const damaged: LabelledFile = { file: pageFile('aa.jpg', randomBytes(99, 1)), className: 'red' };
    const blue: LabelledFile = { file: (await pictures())[2].file, className: 'blue' };
    await expect(load('folder', { parts: ['test'] }, blue)).resolves.toMatchObject({ test: { count: 1 } });
    await expect(load('tinyimagenet', {}, blue, damaged)).rejects.toThrow(
      /^aa.jpg: expected an image, got: \S.*; brokenImages: 'skip' leaves such files out$/,
    );
    const warnings: string[] = [];
    const options = { brokenImages: 'skip' as const, warn: (message: string) => warnings.push(message) };
    const { train, source } = await load('tinyimagenet', options, blue, damaged);
    expect([...train.labels]).toEqual([0, 1, 2, 1, 2]);
    expect(source).toBe('7 files (3 classes, 1 damaged images left out)');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('aa.jpg: ');
  });
});

describe('archives', () => {
  const batches = [1, 2, 3, 4, 5].map((i) => cifarFile([[i]], randomBytes(3072, i)));
  const tar = batches.map((bytes, i) => tarEntry(`cifar-10-batches-bin/data_batch_${i + 1}.bin`, bytes));

  async function packed(...parts: Uint8Array[]): Promise<Uint8Array> {
    const stream = pageFile('x', ...parts)
      .stream()
      .pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream as ReadableStream).arrayBuffer());
  }
  const train = (bytes: Uint8Array) => datasetFromFiles('cifar10', [pageFile('a.tar.gz', bytes)], { parts: ['train'] });

  it('are unpacked by the browser', async () => {
    const dataset = await train(await packed(...tar, new Uint8Array(1024)));
    expect([...dataset.train.labels]).toEqual([1, 2, 3, 4, 5]);
    const images = 'images' in dataset.train ? dataset.train.images : undefined;
    expect(images?.subarray(2 * 3072, 3 * 3072)).toEqual(randomBytes(3072, 3));
  });

  it('that are cut are refused in one line', async () => {
    const whole = await packed(...tar);
    await expect(train(whole.subarray(0, 5000))).rejects.toThrow(/^a.tar.gz: expected a whole gzip file, got: \S.*$/);
    await expect(train(await packed(...tar.slice(0, 4)))).rejects.toThrow(/^cifar10: expected data_batch_5.bin, /);
  });
});
