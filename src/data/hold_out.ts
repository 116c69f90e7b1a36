// Training images that a run keeps to be evaluated on, so that test images choose nothing.

import { InputError } from '../device/index.js';
import { Random } from '../tensor/index.js';
import { type AnySplit, firstImages, type ImageSplit, pickImages, type StreamedSplit } from './dataset.js';

/** Not a run's seed: runs of several seeds are then evaluated on the same images. */
const HOLD_OUT_SEED = 0;

/**
 * Cuts off `count` images, chosen at random but the same ones every time. Both parts are in the order of the whole, and what a smaller count
 * holds out, a larger one does too.
 * @throws InputError unless `count` is a positive integer that leaves at least one image for training.
 */
export function holdOut(split: ImageSplit, count: number): { train: ImageSplit; validation: ImageSplit };
export function holdOut(split: StreamedSplit, count: number): { train: StreamedSplit; validation: StreamedSplit };
export function holdOut(split: AnySplit, count: number): { train: AnySplit; validation: AnySplit };
export function holdOut(split: AnySplit, count: number): { train: AnySplit; validation: AnySplit } {
  checkHoldOut(split.count, count);
  const order = new Random(HOLD_OUT_SEED).shuffle(firstImages(split.count));
  return {
    train: pickImages(split, order.slice(count).sort()),
    validation: pickImages(split, order.slice(0, count).sort()),
  };
}

/** @throws InputError unless so many of `total` training images can be held out. */
export function checkHoldOut(total: number, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count < total) return;
  throw new InputError(
    `validation: expected a positive whole number below ${total}, the number of training images, got ${count}`,
  );
}
