// Splits: limits, concatenation, and the split of the packaged digits.
import { describe, expect, it } from 'vitest';
import { concatSplits, type ImageSplit, limitSplit, type StreamedSplit, splitDigits } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { randomBytes } from './support.js';

const split: ImageSplit = { images: randomBytes(4 * 6, 1), labels: Uint8Array.of(3, 1, 2, 0), count: 4 };

describe('limitSplit', () => {
  it('gives the first records as views', () => {
    const limited = limitSplit(split, 2);
    expect(limited).toEqual({ images: split.images.slice(0, 12), labels: Uint8Array.of(3, 1), count: 2 });
    expect(limited.images.buffer).toBe(split.images.buffer);
    expect(limited.labels.buffer).toBe(split.labels.buffer);
  });

  it('picks the first images of a streamed split', () => {
    const picked: number[][] = [];
    const pick = (images: Uint32Array) => {
      picked.push([...images]);
      return streamed;
    };
    const streamed = { labels: split.labels, count: split.count, pick } as Partial<StreamedSplit> as StreamedSplit;
    limitSplit(streamed, 2);
    expect(limitSplit(streamed, 5)).toBe(streamed);
    expect(picked).toEqual([[0, 1]]);
  });

  it('gives everything when asked for more, or for no number', () => {
    expect(limitSplit(split, 5)).toBe(split);
    expect(limitSplit(split)).toBe(split);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d', (count) => {
    expect(() => limitSplit(split, count)).toThrow(InputError);
  });
});

it('concatSplits joins in order, and widens labels where one part needs it', () => {
  const wide: ImageSplit = { images: randomBytes(6, 2), labels: Uint16Array.of(999), count: 1 };
  expect(concatSplits([split, split]).labels).toEqual(Uint8Array.of(3, 1, 2, 0, 3, 1, 2, 0));
  expect(concatSplits([split, wide])).toEqual({
    images: Uint8Array.of(...split.images, ...wide.images),
    labels: Uint16Array.of(3, 1, 2, 0, 999),
    count: 5,
  });
});

describe('splitDigits', () => {
  // The first pixel of an image says its digit, the next two which image it is; all are rounded to three places, as in the package.
  const counts = [20, 31, 10, 5, 17, 12, 40, 25, 30, 10];
  const digits = counts.map((count, digit) => {
    const pixels = new Float64Array(count * 784);
    for (let image = 0; image < count; image++) {
      pixels.set([Number((digit / 255).toFixed(3)), Number((image / 255).toFixed(3)), 1], image * 784);
    }
    return pixels;
  });
  const { train, test } = splitDigits(digits);
  const identities = ({ images, count }: ImageSplit) =>
    Array.from({ length: count }, (_, i) => 1000 * images[i * 784] + images[i * 784 + 1]);

  it('puts every image into exactly one of 160 and 40', () => {
    expect([train.count, test.count]).toEqual([160, 40]);
    const expected = counts.flatMap((count, digit) =>
      Array.from({ length: count }, (_, image) => 1000 * digit + image),
    );
    expect([...identities(train), ...identities(test)].sort((a, b) => a - b)).toEqual(expected);
  });

  it('turns pixels into bytes and keeps each label with its image', () => {
    for (const part of [train, test]) {
      expect(part.images).toHaveLength(part.count * 784);
      identities(part).forEach((identity, i) => {
        expect(part.labels[i]).toBe(Math.floor(identity / 1000));
        expect(part.images[i * 784 + 2]).toBe(255);
      });
    }
  });

  it('is stratified in every beginning of the training images and in the test images', () => {
    const share = (part: ImageSplit, size: number, digit: number) =>
      part.labels.subarray(0, size).filter((label) => label === digit).length;
    counts.forEach((count, digit) => {
      for (let size = 1; size <= train.count; size++) {
        expect(Math.abs(share(train, size, digit) - (size * count) / 200)).toBeLessThan(1.5);
      }
      expect(Math.abs(share(test, 40, digit) - count / 5)).toBeLessThan(1.5);
    });
  });

  it('is random within a digit, and the same every time', () => {
    const ofSix = identities(train).filter((identity) => Math.floor(identity / 1000) === 6);
    expect(ofSix).not.toEqual(ofSix.toSorted((a, b) => a - b));
    expect(splitDigits(digits)).toEqual({ train, test });
  });
});
