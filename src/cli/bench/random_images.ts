// Random images and labels of a data set's shape, for steps that are only timed: a few batches on the GPU, shown again and again.

import {
  type AnyDataset,
  type DatasetInfo,
  type ImageBatch,
  type ImageSource,
  ResidentImages,
  type StreamedSplit,
} from '../../data/index.js';
import type { Device } from '../../device/index.js';
import { Random } from '../../tensor/index.js';

/**
 * @param count training images that there seem to be.
 * @param held images that there are, the first `held` of a training split that repeats them.
 */
export function randomDataset(info: DatasetInfo, count: number, held: number): AnyDataset {
  const { channels, height, width, classes } = info;
  const random = new Random(0);
  const words = Uint32Array.from({ length: Math.ceil((held * channels * height * width) / 4) }, () => random.uint32());
  const images = new Uint8Array(words.buffer, 0, held * channels * height * width);
  const labels = Uint16Array.from({ length: held }, () => random.below(classes));
  const split = { images, labels, count: held };
  return { ...info, source: 'random images', train: repeated(split, count), test: split };
}

type Split = ConstructorParameters<typeof ResidentImages>[1];

function repeated(split: Split, count: number): StreamedSplit {
  return {
    labels: Uint16Array.from({ length: count }, (_, i) => split.labels[i % split.count]),
    count,
    read: async () => false, // All are on the GPU.
    first: (fewer) => repeated(split, fewer),
    open: (device, dataset) => new RepeatedImages(device, split, dataset, count),
  };
}

class RepeatedImages implements ImageSource {
  readonly skipped = 0;
  readonly waitedMs = 0;
  private readonly resident: ResidentImages;

  constructor(
    device: Device,
    split: Split,
    readonly dataset: DatasetInfo,
    readonly count: number,
  ) {
    this.resident = new ResidentImages(device, split, dataset);
  }

  startEpoch(samples: Uint32Array): void {
    // Images stand at even places, how they are shown at odd ones.
    this.resident.startEpoch(samples.map((word, i) => (i % 2 === 0 ? word % this.resident.count : word)));
  }

  ready(): Promise<void> {
    return this.resident.ready();
  }

  batch(first: number, size: number): ImageBatch {
    return this.resident.batch(first, size);
  }

  dispose(): void {
    this.resident.dispose();
  }
}
