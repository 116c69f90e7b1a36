import { describe, expect, it } from 'vitest';
import {
  gatherLabels,
  type ImageBatchOptions,
  imageBatch,
  packSample,
} from '../../src/shaders/image_batch/image_batch.js';
import { Random, Tensor } from '../../src/tensor/index.js';
import { expectClose } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

interface Sample {
  readonly image: number;
  readonly top: number;
  readonly left: number;
  readonly flip: boolean;
  /** Clockwise. */
  readonly degrees?: number;
}

interface Images {
  readonly bytes: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

function randomImages(count: number, channels: number, height: number, width: number): Images {
  const random = new Random(count);
  const bytes = Uint8Array.from({ length: count * channels * height * width }, () => random.below(256));
  return { bytes, channels, height, width };
}

function randomSamples(size: number, count: number, padding: number): Sample[] {
  const random = new Random(size);
  return Array.from({ length: size }, () => ({
    image: random.below(count),
    top: random.below(2 * padding + 1),
    left: random.below(2 * padding + 1),
    flip: random.below(2) === 1,
  }));
}

/** Turned about its centre, black where nothing was; sine and cosine in whole numbers of 2^-14, the nearest pixel. */
function turned(
  plane: Uint8Array,
  height: number,
  width: number,
  degrees: number,
): (row: number, column: number) => number {
  const sine = Math.round(2 ** 14 * Math.sin((degrees * Math.PI) / 180)) / 2 ** 14;
  const cosine = Math.floor(2 ** 14 * Math.sqrt(1 - sine ** 2)) / 2 ** 14;
  return (row, column) => {
    const down = row - (height - 1) / 2;
    const right = column - (width - 1) / 2;
    const sourceRow = Math.floor(cosine * down - sine * right + height / 2);
    const sourceColumn = Math.floor(sine * down + cosine * right + width / 2);
    const isInside = sourceRow >= 0 && sourceRow < height && sourceColumn >= 0 && sourceColumn < width;
    return isInside ? plane[sourceRow * width + sourceColumn] : 0;
  };
}

/** Turns, pads, crops, mirrors and normalises, one after the other. */
function reference(
  images: Images,
  samples: readonly Sample[],
  { mean, std, padding }: ImageBatchOptions,
): Float64Array {
  const { bytes, channels, height, width } = images;
  const paddedWidth = width + 2 * padding;
  const y = new Float64Array(channels * height * width * samples.length);
  for (const [n, { image, top, left, flip, degrees = 0 }] of samples.entries()) {
    for (let c = 0; c < channels; c++) {
      const padded = new Uint8Array((height + 2 * padding) * paddedWidth);
      const plane = bytes.subarray(
        (image * channels + c) * height * width,
        (image * channels + c + 1) * height * width,
      );
      const pixel = turned(plane, height, width, degrees);
      for (let row = -padding; row < height + padding; row++)
        for (let column = -padding; column < width + padding; column++)
          padded[(row + padding) * paddedWidth + column + padding] = pixel(row, column);
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const byte = padded[(row + top) * paddedWidth + left + (flip ? width - 1 - column : column)];
          y[((c * height + row) * width + column) * samples.length + n] = (byte / 255 - mean[c]) / std[c];
        }
    }
  }
  return y;
}

/** From [count,C,H,W] to [count,H,W,C]. */
function interleave({ bytes, channels, height, width }: Images): Uint8Array {
  const pixels = height * width;
  return bytes.map((_, i) => {
    const image = Math.floor(i / (channels * pixels));
    const pixel = Math.floor(i / channels) % pixels;
    return bytes[(image * channels + (i % channels)) * pixels + pixel];
  });
}

function imageTensors({ bytes, channels, height, width }: Images, perPart: number): Tensor[] {
  const imageBytes = channels * height * width;
  const count = bytes.length / imageBytes;
  return Array.from({ length: Math.ceil(count / perPart) }, (_, part) => {
    const own = bytes.subarray(part * perPart * imageBytes, (part + 1) * perPart * imageBytes);
    return Tensor.from(device, own, [own.length / imageBytes, channels, height, width], 'u8');
  });
}

function sampleTensor(samples: readonly Sample[]): Tensor {
  const words = samples.flatMap(({ image, top, left, flip, degrees }) => [image, packSample(top, left, flip, degrees)]);
  return Tensor.from(device, words, [samples.length, 2], 'u32');
}

const MEAN = [0.49, 0.48, 0.44, 0.5];
const STD = [0.25, 0.2, 0.27, 0.3];

function optionsFor(channels: number, padding: number): ImageBatchOptions {
  return { mean: MEAN.slice(0, channels), std: STD.slice(0, channels), padding };
}

describe('imageBatch', () => {
  it.each([
    { count: 1, channels: 1, height: 1, width: 1, padding: 0, size: 1 },
    { count: 3, channels: 1, height: 5, width: 7, padding: 2, size: 5 },
    { count: 5, channels: 2, height: 3, width: 4, padding: 9, size: 3 }, // Crops of nothing but padding.
    { count: 9, channels: 3, height: 32, width: 32, padding: 4, size: 64 },
    { count: 4, channels: 4, height: 2, width: 3, padding: 127, size: 65 },
    { count: 7, channels: 1, height: 28, width: 28, padding: 0, size: 130 },
  ])('$count images [$channels,$height,$width], padding $padding, batch $size', async (c) => {
    const images = randomImages(c.count, c.channels, c.height, c.width);
    const samples = randomSamples(c.size, c.count, c.padding);
    const options = optionsFor(c.channels, c.padding);
    const expected = reference(images, samples, options);
    for (const perPart of [c.count, 2, 1]) {
      const parts = imageTensors(images, perPart);
      const y = imageBatch(parts.length === 1 ? parts[0] : parts, sampleTensor(samples), options);
      expect(y.shape).toEqual([c.channels, c.height, c.width, c.size]);
      expectClose(await y.read(), expected, 1e-5, `${parts.length} parts`);
    }
  });

  it.each([
    { count: 3, channels: 1, height: 5, width: 7, padding: 2, size: 5 },
    { count: 4, channels: 3, height: 64, width: 64, padding: 4, size: 21 },
    { count: 2, channels: 2, height: 1, width: 1, padding: 0, size: 6 },
  ])('turns $count images [$channels,$height,$width], in either layout', async (c) => {
    const images = randomImages(c.count, c.channels, c.height, c.width);
    const random = new Random(3);
    const samples = randomSamples(c.size, c.count, c.padding).map((sample, i) => {
      const degrees = [0, 89.9, -89.9, 45][i] ?? 40 * random.uniform() - 20;
      return { ...sample, degrees };
    });
    const options = optionsFor(c.channels, c.padding);
    const expected = reference(images, samples, options);
    const y = imageBatch(imageTensors(images, c.count), sampleTensor(samples), options);
    expectClose(await y.read(), expected, 1e-5, 'NCHW');
    const interleaved = Tensor.from(device, interleave(images), [c.count, c.height, c.width, c.channels], 'u8');
    const z = imageBatch(interleaved, sampleTensor(samples), { ...options, layout: 'NHWC' });
    expectClose(await z.read(), expected, 1e-5, 'NHWC');
  });

  it('turns clockwise', async () => {
    const top = Tensor.from(device, [0, 255, 0, 0, 0, 0, 0, 0, 0], [1, 1, 3, 3], 'u8');
    const samples = sampleTensor([{ image: 0, top: 0, left: 0, flip: false, degrees: 89 }]);
    const y = imageBatch(top, samples, { mean: [0], std: [1], padding: 0 });
    expectClose(await y.read(), Float64Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0), 1e-6, 'image'); // 255 / 255 may miss 1 by a rounding
  });

  it('without augmentation is the image', async () => {
    const images = randomImages(2, 1, 3, 5);
    const samples = [{ image: 1, top: 4, left: 4, flip: false }];
    const y = imageBatch(imageTensors(images, 2), sampleTensor(samples), { mean: [0], std: [1 / 255], padding: 4 });
    expectClose(await y.read(), Float64Array.from(images.bytes.subarray(15)), 1e-6, 'image');
  });

  it.each([3, 2, 1])('an image that does not exist is NaN, %i images a part', async (perPart) => {
    const images = randomImages(3, 2, 2, 2);
    const samples = [0, 3, 2, 0xffffffff, 1].map((image) => ({ image, top: 0, left: 0, flip: false }));
    const y = await imageBatch(imageTensors(images, perPart), sampleTensor(samples), optionsFor(2, 0)).read();
    y.forEach((value, i) => void expect(Number.isNaN(value)).toBe(samples[i % 5].image > 2));
  });

  it('says what does not fit', () => {
    const images = Tensor.zeros(device, [4, 3, 2, 2], 'u8');
    const samples = Tensor.zeros(device, [5, 2], 'u32');
    const options = optionsFor(3, 0);
    const fewer = Tensor.zeros(device, [3, 3, 2, 2], 'u8');
    expect(() => imageBatch([], samples, options)).toThrow(
      'imageBatch: expected images u8 of four dimensions, got none',
    );
    expect(() => imageBatch(Tensor.zeros(device, [4, 3, 2, 2]), samples, options)).toThrow('got f32 [4,3,2,2]');
    expect(() => imageBatch([fewer, images], samples, options)).toThrow(
      'imageBatch: expected parts of equally many images, but for a smaller last one, got u8 [3,3,2,2], u8 [4,3,2,2]',
    );
    expect(() => imageBatch(images, Tensor.zeros(device, [5], 'u32'), options)).toThrow('expected samples u32 [5,2]');
    expect(() => imageBatch(images, samples, { ...options, mean: [0] })).toThrow(
      'expected mean and std of 3 channels, got 1 and 3',
    );
    expect(() => imageBatch(images, samples, { ...options, padding: 128 })).toThrow('padding from 0 to 127, got 128');
    expect(() => imageBatch(Tensor.zeros(device, [1, 5, 1, 1], 'u8'), samples, optionsFor(5, 0))).toThrow(
      'expected at most 4 channels, got 5',
    );
  });
});

describe('packSample', () => {
  it('packs offsets and flip', () => {
    expect(packSample(1, 2, false)).toBe(0x0201);
    expect(packSample(255, 255, true)).toBe(0x1ffff);
    expect(() => packSample(256, 0, false)).toThrow('packSample: expected offsets from 0 to 255, got top 256, left 0');
    expect(() => packSample(0, 1.5, false)).toThrow('got top 0, left 1.5');
  });
});

describe('gatherLabels', () => {
  it.each(['u8', 'u32'] as const)('of %s', async (dtype) => {
    for (const [count, size] of [
      [1, 1],
      [5, 3],
      [10, 67],
    ]) {
      const labels = Array.from({ length: count }, (_, i) => 250 - i * 7);
      const samples = randomSamples(size, count, 2);
      const y = gatherLabels(Tensor.from(device, labels, [count], dtype), sampleTensor(samples));
      expect([...(await y.read())]).toEqual(samples.map(({ image }) => labels[image]));
    }
  });

  it('an image that does not exist has no label', async () => {
    for (const dtype of ['u8', 'u32'] as const) {
      const samples = Tensor.from(device, [2, 0, 3, 0, 0xffffffff, 0], [3, 2], 'u32');
      const y = gatherLabels(Tensor.from(device, [7, 8, 9], [3], dtype), samples);
      expect([...(await y.read())]).toEqual([9, 0xffffffff, 0xffffffff]);
    }
  });

  it('says what does not fit', () => {
    const samples = Tensor.zeros(device, [5, 2], 'u32');
    expect(() => gatherLabels(Tensor.zeros(device, [5]), samples)).toThrow(
      'gatherLabels: expected labels u8 or u32 [count], got f32 [5]',
    );
  });
});
