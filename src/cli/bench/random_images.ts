// Images for steps that are only timed: a few batches on the GPU, shown again and again.

import {
  type AnyDataset,
  type DatasetInfo,
  type ImageBatch,
  type ImageSource,
  type ImageSplit,
  ResidentImages,
  type StreamedSplit,
  type UploadedBatch,
} from '../../data/index.js';
import type { Device } from '../../device/index.js';
import { Random } from '../../tensor/index.js';

/**
 * @param count training images that there seem to be.
 * @param held images that there are.
 */
export function randomDataset(info: DatasetInfo, count: number, held: number): AnyDataset {
  const { channels, height, width, classes } = info;
  const random = new Random(0);
  const words = Uint32Array.from({ length: Math.ceil((held * channels * height * width) / 4) }, () => random.uint32());
  const images = new Uint8Array(words.buffer, 0, held * channels * height * width);
  const labels = Uint8Array.from({ length: held }, () => random.below(Math.min(classes, 256)));
  return repeatedDataset(info, { images, labels, count: held }, count);
}

/** A data set whose `count` training images are these, again and again. */
export function repeatedDataset(info: DatasetInfo, split: ImageSplit, count: number): AnyDataset {
  return { ...info, source: `${split.count} images, repeated`, train: repeated(split, count), test: split };
}

function repeated(split: ImageSplit, count: number): StreamedSplit {
  const labels = Uint8Array.from({ length: count }, (_, i) => split.labels[i % split.count]);
  return {
    labels,
    count,
    read: async () => false, // All are on the GPU.
    // Whichever are picked: steps are only timed.
    pick: ({ length }) => repeated(split, length),
    open: (device, dataset) => new RepeatedImages(device, split, dataset, labels),
  };
}

class RepeatedImages implements ImageSource {
  readonly skipped = 0;
  readonly waitedMs = 0;
  readonly count: number;
  private readonly resident: ResidentImages;

  constructor(
    device: Device,
    split: ImageSplit,
    readonly dataset: DatasetInfo,
    readonly labels: ArrayLike<number>,
  ) {
    this.count = labels.length;
    this.resident = new ResidentImages(device, split, dataset);
  }

  startEpoch(samples: Uint32Array): void {
    // Images stand at even places, how they are shown at odd ones.
    this.resident.startEpoch(samples.map((word, i) => (i % 2 === 0 ? word % this.resident.count : word)));
  }

  ready(): Promise<void> {
    return this.resident.ready();
  }

  upload(first: number, size: number, into?: UploadedBatch): UploadedBatch {
    return this.resident.upload(first, size, into);
  }

  assemble(batch: UploadedBatch): ImageBatch {
    return this.resident.assemble(batch);
  }

  dispose(): void {
    this.resident.dispose();
  }
}
