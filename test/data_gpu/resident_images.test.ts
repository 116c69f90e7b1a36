// Batches assembled on the GPU against plain loops: the very bytes of the images before normalisation, and its result.
import { describe, expect, it } from 'vitest';
import {
  batches,
  type DatasetInfo,
  epochSamples,
  type ImageSplit,
  ResidentImages,
  takeBatch,
} from '../../src/data/index.js';
import { BORDER } from '../../src/data/sampler.js';
import { packSample } from '../../src/shaders/index.js';
import { liveTensors, Random, scope } from '../../src/tensor/index.js';
import { expectClose } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

const COLOUR: DatasetInfo = {
  name: 'colour',
  classes: 300,
  channels: 3,
  height: 5,
  width: 6,
  mean: [0.5, 0.25, 0.4],
  std: [0.2, 0.3, 0.25],
  augmentation: { padding: 2, flip: true },
};
const GREY: DatasetInfo = {
  ...COLOUR,
  name: 'grey',
  channels: 1,
  height: 7,
  width: 3,
  mean: [0.1307],
  std: [0.3081],
  augmentation: { padding: 1, flip: false },
};

function randomSplit(info: DatasetInfo, count: number): ImageSplit {
  const random = new Random(count);
  const images = new Uint8Array(count * info.channels * info.height * info.width).map(() => random.below(256));
  return { images, labels: new Uint16Array(count).map(() => random.below(info.classes)), count };
}

interface Sample {
  readonly image: number;
  /** Of the crop against the image, in pixels: positive values cut off the top and the left. */
  readonly top: number;
  readonly left: number;
  readonly flip: boolean;
}

/** Bytes [C,H,W,N]: each image cropped out of black surroundings, then mirrored. */
function cutBytes(split: ImageSplit, info: DatasetInfo, samples: readonly Sample[]): number[] {
  const { channels, height, width } = info;
  const bytes: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (const { image, top, left, flip } of samples) {
          const row = y + top;
          const column = (flip ? width - 1 - x : x) + left;
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          bytes.push(inside ? split.images[((image * channels + c) * height + row) * width + column] : 0);
        }
  return bytes;
}

function encode(samples: readonly Sample[]): Uint32Array {
  return Uint32Array.from(
    samples.flatMap(({ image, top, left, flip }) => [image, packSample(BORDER + top, BORDER + left, flip)]),
  );
}

/** Random images, and every offset that the padding allows; the corners first. */
function randomSamples(info: DatasetInfo, count: number, size: number): Sample[] {
  const random = new Random(size);
  const { padding } = info.augmentation;
  const offset = () => random.below(2 * padding + 1) - padding;
  const drawn = Array.from({ length: size }, () => ({
    image: random.below(count),
    top: offset(),
    left: offset(),
    flip: random.below(2) === 1,
  }));
  const corners = [
    { image: count - 1, top: padding, left: -padding, flip: true },
    { image: 0, top: -padding, left: padding, flip: false },
  ];
  return [...corners, ...drawn].slice(0, size);
}

async function checkBatch(images: ResidentImages, split: ImageSplit, first: number, samples: Sample[]): Promise<void> {
  const info = images.dataset;
  const batch = takeBatch(images, first, samples.length);
  expect(batch.images.shape).toEqual([info.channels, info.height, info.width, samples.length]);
  const values = Float64Array.from(await batch.images.read());
  const labels = await batch.labels.read();
  batch.images.dispose();
  batch.labels.dispose();
  const expected = cutBytes(split, info, samples);
  const channelOf = (i: number) => Math.floor(i / (values.length / info.channels));
  const pixels = Array.from(values, (value, i) => 255 * (value * info.std[channelOf(i)] + info.mean[channelOf(i)]));
  expect(pixels.map(Math.round).map(Math.abs)).toEqual(expected);
  const normalised = expected.map((byte, i) => (byte / 255 - info.mean[channelOf(i)]) / info.std[channelOf(i)]);
  expectClose(values, normalised, 1e-6, `${info.name}: normalised`);
  expect([...labels]).toEqual(samples.map(({ image }) => split.labels[image]));
}

describe('ResidentImages', () => {
  const whole = device.limit('maxStorageBufferBindingSize');
  it.each([
    ['colour', COLOUR, 11, 8, whole],
    ['colour, an odd batch', COLOUR, 11, 7, whole],
    ['grey, images of 21 bytes', GREY, 13, 12, whole],
    ['grey, one image', GREY, 1, 1, whole],
    ['colour in 2 parts', COLOUR, 11, 16, 7 * 90],
    ['grey in 3 parts', GREY, 13, 9, 5 * 21 + 20],
  ])('%s: gathers, crops, mirrors and normalises', async (_, info, count, size, largestBytes) => {
    const split = randomSplit(info, count);
    const images = new ResidentImages(device, split, info, largestBytes);
    const samples = randomSamples(info, count, 2 * size);
    images.startEpoch(encode(samples));
    await checkBatch(images, split, 0, samples.slice(0, size));
    await checkBatch(images, split, 2 * size - 1, samples.slice(2 * size - 1));
    images.dispose();
  });

  it('shows a whole epoch as it is without augmentation', async () => {
    const split = randomSplit(COLOUR, 10);
    const images = new ResidentImages(device, split, COLOUR);
    images.startEpoch(epochSamples({ count: 10, epoch: 0, seed: 0, shuffle: false }));
    for (const { first, size } of batches(10, 4)) {
      const samples = Array.from({ length: size }, (_, i) => ({ image: first + i, top: 0, left: 0, flip: false }));
      await checkBatch(images, split, first, samples);
    }
    images.dispose();
  });

  it('leaves the tensors of a batch to the scope, keeps its own, and reuses memory', async () => {
    const before = liveTensors();
    const images = scope(() => new ResidentImages(device, randomSplit(COLOUR, 10), COLOUR));
    const held = liveTensors();
    images.startEpoch(epochSamples({ count: 10, epoch: 0, seed: 0, shuffle: true, augmentation: COLOUR.augmentation }));
    scope(() => void takeBatch(images, 0, 5));
    const { bindGroups } = device.counters();
    const { heldBytes } = device.memory();
    for (let round = 0; round < 20; round++) scope(() => void takeBatch(images, 5, 5));
    expect(device.counters().bindGroups).toBe(bindGroups);
    expect(device.memory().heldBytes).toBe(heldBytes);
    expect(liveTensors()).toBe(held);
    images.dispose();
    expect(liveTensors()).toBe(before);
  });

  it('refuses a split that does not fit, images that it lacks, and samples beyond the epoch', () => {
    const split = randomSplit(COLOUR, 3);
    const none = { images: new Uint8Array(0), labels: new Uint8Array(0), count: 0 };
    expect(() => new ResidentImages(device, none, COLOUR)).toThrow('expected at least one image of 90 bytes');
    expect(() => new ResidentImages(device, split, GREY)).toThrow('got 270 bytes and 3 labels for 3 images of grey');
    const images = new ResidentImages(device, split, COLOUR);
    expect(() => images.startEpoch(Uint32Array.of(2, 0, 3, 0))).toThrow('expected images below 3, got 3 in sample 1');
    images.startEpoch(epochSamples({ count: 3, epoch: 0, seed: 0, shuffle: true }));
    expect(() => images.upload(2, 2)).toThrow('upload: expected samples of an epoch of 3, got 2 to 3');
    images.dispose();
  });
});
