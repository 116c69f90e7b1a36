// What the network says: of one image, and of all that are evaluated by class.

import type { AnyDataset } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { largestOfRows, predict, predictPixels, type Trainer } from '../../src/train/index.js';
import type { TestImage } from '../messages.js';

/** Logits [classes] of an image, u8 [channels, height, width]. */
export function predictOne({ parts: { device, model, test } }: Trainer, image: Uint8Array): Promise<Float32Array> {
  return predictPixels(device, model, image, test.dataset);
}

/** [classes, classes]: images that are evaluated, by label and by what the network takes them for. */
export async function confusionOf({ parts }: Trainer): Promise<Uint32Array> {
  const { device, model, test, config } = parts;
  const { classes } = test.dataset;
  const logits = await predict(device, model, test, config.batchSize);
  const counts = new Uint32Array(classes ** 2);
  largestOfRows(logits, logits.length / test.count).forEach((told, i) => {
    if (told < classes) counts[test.labels[i] * classes + told]++;
  });
  return counts;
}

/** @throws InputError of images that are not in memory. */
export function testImage(dataset: AnyDataset, index: number): TestImage {
  const { test, channels, height, width } = dataset;
  if (!('images' in test)) throw new InputError('test image: expected images in memory, got files');
  const which = ((index % test.count) + test.count) % test.count;
  const sizeBytes = channels * height * width;
  const image = test.images.slice(which * sizeBytes, (which + 1) * sizeBytes);
  return { index: which, label: test.labels[which], image };
}
