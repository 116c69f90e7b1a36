// Loaders as the training loop uses them, timed without the training.

import {
  batches,
  type DatasetInfo,
  epochSamples,
  freeBatch,
  type ImageSource,
  type ImageSplit,
  StreamedImages,
  takeBatch,
  type UploadedBatch,
} from '../../data/index.js';
import type { Device } from '../../device/index.js';
import { scope } from '../../tensor/index.js';
import { type Measurement, repeatedly } from './timing.js';

/** Images in memory through the streaming loader, which has them laid out anew ([C,H,W] to [H,W,C]) as a decoder would. */
export function streamFromMemory(
  device: Device,
  { images, labels }: ImageSplit,
  dataset: DatasetInfo,
  batchSize: number,
): ImageSource {
  const { channels, height, width } = dataset;
  const pixels = height * width;
  const read = async (image: number, target: Uint8Array) => {
    for (let channel = 0; channel < channels; channel++) {
      const plane = (image * channels + channel) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) target[channels * pixel + channel] = images[plane + pixel];
    }
    return true;
  };
  return new StreamedImages(device, labels, dataset, batchSize, read);
}

export interface Epoch {
  /** See `ImageSource.startEpoch`. */
  readonly samples: Uint32Array;
  readonly cropSeed?: number;
}

/** Brings all images of an epoch to the GPU as bytes, in batches. Nothing is computed with them. */
export function epochThroughLoader(
  device: Device,
  source: ImageSource,
  batchSize: number,
  drawEpoch: () => Epoch,
): Measurement {
  return async () => {
    let uploaded: UploadedBatch | undefined;
    await device.finish();
    const start = performance.now();
    const { samples, cropSeed } = drawEpoch();
    source.startEpoch(samples, cropSeed);
    for (const { first, size } of batches(samples.length / 2, batchSize)) {
      await source.ready(first, size);
      uploaded = source.upload(first, size, uploaded);
    }
    await device.finish();
    const ms = performance.now() - start;
    if (uploaded) freeBatch(uploaded);
    return ms;
  };
}

/** One batch of images that live on the GPU: its list of samples uploaded, the images gathered, changed and normalised. */
export function residentBatch(device: Device, source: ImageSource, batchSize: number): Promise<Measurement> {
  const { count, dataset } = source;
  const { augmentation } = dataset;
  source.startEpoch(epochSamples({ count, epoch: 0, seed: 0, shuffle: true, augmentation }));
  const ranges = batches(count, batchSize, true);
  let next = 0;
  return repeatedly(device, () =>
    scope(() => {
      const { first, size } = ranges[next++ % ranges.length];
      takeBatch(source, first, size);
    }),
  );
}
