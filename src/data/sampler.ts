// Which images an epoch shows, in which order, and how each is cropped and mirrored: pure functions of their arguments, so
// that training can be resumed at any batch of any epoch without a state of its own.

import { InputError } from '../device/index.js';
import { packSample } from '../shaders/index.js';
import { Random } from '../tensor/index.js';
import type { Augmentation } from './dataset.js';

/**
 * Crops are counted from the corner of the image with so many black pixels on every side, whatever the padding of the
 * augmentation: an image as it is then has the same code with and without augmentation.
 */
export const BORDER = 16;

/** An odd number far from small ones (2^32 / golden ratio). */
const SEED_STEP = 0x9e3779b9;

export interface EpochOptions {
  /** Number of images. */
  readonly count: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly seed: number;
  readonly shuffle: boolean;
  /** The data set's own, or none: every image as it is. */
  readonly augmentation?: Augmentation;
}

/**
 * Every image once: u32 [count, 2], the image's index and its crop and mirroring (see `packSample`). Crops are uniform
 * over all positions within the padding, half of the images are mirrored, angles are uniform up to the largest on either side. The
 * order does not depend on the augmentation.
 */
export function epochSamples({ count, epoch, seed, shuffle, augmentation }: EpochOptions): Uint32Array {
  const random = new Random(new Random(seed).uint32() + epoch);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  if (shuffle) random.shuffle(order);
  const samples = new Uint32Array(2 * count);
  order.forEach((image, i) => {
    samples[2 * i] = image;
    samples[2 * i + 1] = augmentation ? randomChange(random, augmentation) : packSample(BORDER, BORDER, false);
  });
  return samples;
}

/** For the random parts that an epoch shows of its images: see `ImageSource.startEpoch`. */
export function epochCropSeed(seed: number, epoch: number): number {
  return (new Random(seed).uint32() + epoch) >>> 0;
}

/** For one image of such an epoch. */
export function imageCropSeed(cropSeed: number, image: number): number {
  return new Random(cropSeed + Math.imul(image, SEED_STEP)).uint32();
}

function randomChange(random: Random, { padding, flip, rotation = 0 }: Augmentation): number {
  const top = BORDER - padding + random.below(2 * padding + 1);
  const left = BORDER - padding + random.below(2 * padding + 1);
  const isMirrored = flip && random.below(2) === 1;
  const degrees = rotation === 0 ? 0 : rotation * (2 * random.uniform() - 1);
  return packSample(top, left, isMirrored, degrees);
}

export interface BatchRange {
  /** Position of the batch's first sample in the epoch. */
  readonly first: number;
  readonly size: number;
}

/**
 * Cuts an epoch into batches.
 * @param dropLast leaves out a last batch that is not full.
 * @throws InputError if that leaves none, or the batch size is not a positive integer.
 */
export function batches(count: number, batchSize: number, dropLast = false): BatchRange[] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new InputError(`batch size: expected a positive whole number, got ${batchSize}`);
  }
  const number = dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  if (number === 0) {
    throw new InputError(
      `batch size: expected at least ${dropLast ? `${batchSize} images, one full batch` : 'one image'}, got ${count}`,
    );
  }
  return Array.from({ length: number }, (_, i) => ({
    first: i * batchSize,
    size: Math.min(batchSize, count - i * batchSize),
  }));
}
