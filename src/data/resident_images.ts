// A split that lives on the GPU as bytes; batches are gathered, cropped, mirrored and normalised there. Per batch only its
// list of samples (8 bytes an image) is uploaded.

import type { Device } from '../device/index.js';
import { gatherLabels, imageBatch } from '../shaders/index.js';
import { keep, Tensor } from '../tensor/index.js';
import type { DatasetInfo, ImageSplit } from './dataset.js';
import { type ImageBatch, type ImageSource, type UploadedBatch, upload } from './image_source.js';
import { BORDER } from './sampler.js';

export class ResidentImages implements ImageSource {
  readonly count: number;
  readonly labels: ArrayLike<number>;
  readonly skipped = 0;
  readonly waitedMs = 0;
  /** u8 [count,C,H,W], in parts that the device can bind. */
  private readonly parts: Tensor[];
  /** u32 [count]. */
  private readonly labelTensor: Tensor;
  /** u32 [samples of the epoch, 2]. */
  private samples: Uint32Array = new Uint32Array(0);

  /** @param largestBytes of one part; default: what the device can bind. */
  constructor(
    private readonly device: Device,
    split: ImageSplit,
    readonly dataset: DatasetInfo,
    largestBytes = device.limit('maxStorageBufferBindingSize'),
  ) {
    const { channels, height, width, name } = dataset;
    const shape = [channels, height, width];
    const imageBytes = channels * height * width;
    const { count, images } = split;
    if (count === 0 || images.length !== count * imageBytes || split.labels.length !== count) {
      throw new Error(
        `ResidentImages: expected at least one image of ${imageBytes} bytes and a label for each, got ${images.length} bytes and ${split.labels.length} labels for ${count} images of ${name}`,
      );
    }
    this.count = count;
    this.parts = partRanges(count, Math.floor(largestBytes / imageBytes)).map(({ start, end }) =>
      keep(Tensor.from(device, images.subarray(start * imageBytes, end * imageBytes), [end - start, ...shape], 'u8')),
    );
    this.labels = split.labels;
    this.labelTensor = keep(Tensor.from(device, split.labels, [count], 'u32'));
  }

  /** @param samples of an epoch, or of anything: see `epochSamples`. */
  startEpoch(samples: Uint32Array): void {
    for (let i = 0; i < samples.length; i += 2) {
      if (samples[i] >= this.count) {
        throw new Error(`startEpoch: expected images below ${this.count}, got ${samples[i]} in sample ${i / 2}`);
      }
    }
    this.samples = samples;
  }

  /** They are always there. */
  async ready(): Promise<void> {}

  /** The list of `size` samples of the epoch from `first` on. */
  upload(first: number, size: number, into?: UploadedBatch): UploadedBatch {
    const list = this.samples.subarray(2 * first, 2 * (first + size));
    if (size === 0 || list.length !== 2 * size) {
      throw new Error(
        `upload: expected samples of an epoch of ${this.samples.length / 2}, got ${first} to ${first + size - 1}`,
      );
    }
    const samples = upload(this.device, list, [size, 2], 'u32', into?.tensors.samples);
    return samples === into?.tensors.samples ? into : { size, tensors: { samples } };
  }

  assemble({ tensors: { samples } }: UploadedBatch): ImageBatch {
    const { mean, std } = this.dataset;
    const images = imageBatch(this.parts, samples, { mean, std, padding: BORDER });
    return { images, labels: gatherLabels(this.labelTensor, samples) };
  }

  dispose(): void {
    for (const tensor of [...this.parts, this.labelTensor]) tensor.dispose();
  }
}

/** Equal parts of at most `most` images, the last one possibly smaller. */
function partRanges(count: number, most: number): { start: number; end: number }[] {
  const parts = Math.ceil(count / most);
  const size = Math.ceil(count / parts);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    start: i * size,
    end: Math.min((i + 1) * size, count),
  }));
}
