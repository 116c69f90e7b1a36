// The parsers of MNIST's idx and CIFAR's binary format on small synthetic files, whole and damaged.
import { describe, expect, it } from 'vitest';
import { parseCifar10, parseCifar100, parseIdxImages, parseIdxLabels } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { cifarFile, idxFile, randomBytes } from './support.js';

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('expected an InputError, got none');
}

describe('idx', () => {
  const pixels = randomBytes(5 * 4 * 3, 1);
  const images = idxFile(0x803, [5, 4, 3], pixels);
  const labels = idxFile(0x801, [4], Uint8Array.of(3, 0, 9, 1));

  it('reads images and labels, also from the middle of a larger buffer', () => {
    expect(parseIdxImages(images, 'x')).toEqual({ images: pixels, count: 5, height: 4, width: 3 });
    expect(parseIdxLabels(labels, 'x')).toEqual(Uint8Array.of(3, 0, 9, 1));
    const shifted = new Uint8Array(images.length + 3);
    shifted.set(images, 3);
    expect(parseIdxImages(shifted.subarray(3), 'x').images).toEqual(pixels);
  });

  it.each([
    ['cut', images.subarray(0, 75), 'a: expected 76 bytes, since its header announces [5, 4, 3] images, got 75 bytes'],
    [
      'too long',
      Uint8Array.of(...images, 0),
      'a: expected 76 bytes, since its header announces [5, 4, 3] images, got 77',
    ],
    ['without a header', images.subarray(0, 15), 'a: expected an idx header of 16 bytes, got a file of 15 bytes'],
    ['labels', labels.slice(), 'a: expected an idx header of 16 bytes, got a file of 12 bytes'],
    [
      'of another kind',
      idxFile(0x801, [5, 4, 3], pixels),
      'a: expected idx images, magic number 0x00000803, got 0x00000801',
    ],
    ['packed', Uint8Array.of(0x1f, 0x8b, 8, 0, ...pixels), 'magic number 0x00000803, got 0x1f8b0800'],
    ['empty', idxFile(0x803, [0, 4, 3], pixels.subarray(0, 0)), 'its header announces [0, 4, 3] images'],
    [
      'huge by its header',
      idxFile(0x803, [2 ** 32 - 1, 2 ** 31, 2 ** 31], pixels),
      'announces [4294967295, 2147483648,',
    ],
  ])('refuses images that are %s', (_, bytes, message) => {
    expect(messageOf(() => parseIdxImages(bytes, 'a'))).toContain(message);
  });

  it.each([
    ['cut', labels.subarray(0, 11), 'a: expected 12 bytes, since its header announces [4] labels, got 11 bytes'],
    ['images', images, 'a: expected idx labels, magic number 0x00000801, got 0x00000803'],
    [
      'out of range',
      idxFile(0x801, [3], Uint8Array.of(9, 10, 11)),
      'a: expected every label below 10, got 10 in record 1',
    ],
  ])('refuses labels that are %s', (_, bytes, message) => {
    expect(messageOf(() => parseIdxLabels(bytes, 'a'))).toContain(message);
  });
});

describe('CIFAR', () => {
  const images = randomBytes(3 * 3072, 2);
  const ten = cifarFile([[6], [0], [9]], images);
  const hundred = cifarFile(
    [
      [19, 99],
      [0, 0],
      [5, 42],
    ],
    images,
  );

  it('takes labels and images apart', () => {
    expect(parseCifar10(ten, 'x')).toEqual({ images, labels: Uint8Array.of(6, 0, 9), count: 3 });
    expect(parseCifar100(hundred, 'x')).toEqual({ images, labels: Uint8Array.of(99, 0, 42), count: 3 });
  });

  it.each([
    [
      'cut',
      ten.subarray(0, 9218),
      'a: expected whole records of 3073 bytes (1 of labels, 3072 of image), got 9218 bytes, 2 records and 3072 bytes',
    ],
    ['too long', Uint8Array.of(...ten, 0), 'got 9220 bytes, 3 records and 1 bytes'],
    ['empty', ten.subarray(0, 0), 'got 0 bytes'],
    ['CIFAR-100', hundred, 'got 9222 bytes, 3 records and 3 bytes'],
    ['of a wrong label', cifarFile([[6], [0], [10]], images), 'a: expected every label below 10, got 10 in record 2'],
  ])('refuses CIFAR-10 that is %s', (_, bytes, message) => {
    expect(messageOf(() => parseCifar10(bytes, 'a'))).toContain(message);
  });

  it.each([
    ['CIFAR-10', ten, 'a: expected whole records of 3074 bytes (2 of labels, 3072 of image), got 9219 bytes'],
    [
      'of a wrong coarse label',
      cifarFile([[20, 1]], images),
      'a: expected every coarse label below 20, got 20 in record 0',
    ],
    [
      'of a wrong fine label',
      cifarFile([[1, 100]], images),
      'a: expected every fine label below 100, got 100 in record 0',
    ],
  ])('refuses CIFAR-100 that is %s', (_, bytes, message) => {
    expect(messageOf(() => parseCifar100(bytes, 'a'))).toContain(message);
  });
});
