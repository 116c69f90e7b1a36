// Images that are decoded while training goes: a ring of bytes, filled by whoever decodes at least two batches ahead of the training
// loop, which waits for what is not there yet. Bytes are uploaded as they are; cropping, turning and normalising is done on the GPU.

import { type Device, InputError } from '../device/index.js';
import { imageBatch } from '../shaders/index.js';
import { Tensor } from '../tensor/index.js';
import type { DatasetInfo, ReadImage } from './dataset.js';
import { type ImageBatch, type ImageSource, type UploadedBatch, upload } from './image_source.js';
import { BORDER, imageCropSeed } from './sampler.js';

/** Batches that the ring holds: the one that is being used, and two ahead. */
const RING_BATCHES = 3;
/** Batches that the host may be ahead of the GPU: the driver keeps a copy of each until the GPU has it. */
const MOST_BATCHES_AHEAD = 3;

export class StreamedImages implements ImageSource {
  readonly count: number;
  private readonly imageBytes: number;
  /** [places, H, W, C]: sample i of the epoch is decoded into place i modulo their number. */
  private readonly ring: Uint8Array;
  private readonly places: number;
  /** Of each place: resolves to whether the image is whole. */
  private reads: Promise<boolean>[] = [];
  private isWhole: boolean[] = [];
  private samples: Uint32Array = new Uint32Array(0);
  private cropSeed: number | undefined;
  /** Samples from `released` to `requested` have a place, those from `released` to `arrived` are there. None before the first `ready`. */
  private released = 0;
  private arrived = 0;
  private requested = 0;
  private isStarted = false;
  private skippedImages = 0;
  private waitedFor = 0;
  /** Of the last batches: resolve when the GPU has everything that came before. */
  private readonly fences: Promise<void>[] = [];

  constructor(
    private readonly device: Device,
    readonly labels: ArrayLike<number>,
    readonly dataset: DatasetInfo,
    batchSize: number,
    private readonly read: ReadImage,
  ) {
    const { channels, height, width } = dataset;
    this.count = labels.length;
    this.imageBytes = channels * height * width;
    this.places = RING_BATCHES * Math.min(batchSize, this.count);
    this.ring = new Uint8Array(this.places * this.imageBytes);
  }

  get skipped(): number {
    return this.skippedImages;
  }

  get waitedMs(): number {
    return this.waitedFor;
  }

  startEpoch(samples: Uint32Array, cropSeed?: number): void {
    this.samples = samples;
    this.cropSeed = cropSeed;
    this.isStarted = false;
    this.skippedImages = 0;
    this.waitedFor = 0;
  }

  async ready(first: number, size: number): Promise<void> {
    const end = first + size;
    if (size < 1 || size > this.places || 2 * end > this.samples.length) {
      throw new Error(
        `ready: expected 1 to ${this.places} samples of an epoch of ${this.samples.length / 2}, got ${first} to ${end - 1}`,
      );
    }
    if (!this.isStarted || first < this.released || first > this.arrived) await this.startAt(first);
    this.released = first;
    this.prefetch();
    await this.waitForGpu();
    const start = performance.now();
    for (; this.arrived < end; this.arrived++) {
      const place = this.arrived % this.places;
      this.isWhole[place] = await this.reads[place];
      if (!this.isWhole[place]) this.skippedImages++;
    }
    this.waitedFor += performance.now() - start;
  }

  /** Bytes of the images, a list of those that are whole, and their labels. */
  upload(first: number, size: number, into?: UploadedBatch): UploadedBatch {
    if (first < this.released || first + size > this.arrived) {
      throw new Error(
        `upload: expected samples from ${this.released} to ${this.arrived - 1}, which are ready, got ${first} to ${first + size - 1}`,
      );
    }
    const { device, dataset } = this;
    const { height, width, channels, name } = dataset;
    const whole = Array.from({ length: size }, (_, i) => i).filter((i) => this.isWhole[(first + i) % this.places]);
    if (whole.length === 0) {
      throw new InputError(`${name}: expected an undamaged image in a batch of ${size}, got none`);
    }
    const old = into?.size === whole.length ? into.tensors : undefined;
    const list = Uint32Array.from(whole.flatMap((i) => [i, this.samples[2 * (first + i) + 1]]));
    const ofWhole = whole.map((i) => this.labels[this.samples[2 * (first + i)]]);
    const bytes = upload(device, this.bytesOf(first, size), [size, height, width, channels], 'u8', old?.bytes);
    if (old && bytes === old.bytes) {
      old.samples.write(list);
      old.labels.write(ofWhole);
      return into!;
    }
    const samples = Tensor.from(device, list, [whole.length, 2], 'u32');
    const labels = Tensor.from(device, ofWhole, [whole.length], 'u32');
    return { size: whole.length, tensors: { bytes, samples, labels } };
  }

  assemble({ tensors: { bytes, samples, labels } }: UploadedBatch): ImageBatch {
    const { mean, std } = this.dataset;
    const images = imageBatch(bytes, samples, { mean, std, padding: BORDER, layout: 'NHWC' });
    return { images, labels: labels.view(labels.shape) };
  }

  dispose(): void {
    this.isStarted = false;
  }

  /** Once nothing is written into the ring any more. */
  private async startAt(first: number): Promise<void> {
    await Promise.allSettled(this.reads);
    this.reads = [];
    this.isWhole = [];
    this.released = first;
    this.arrived = first;
    this.requested = first;
    this.isStarted = true;
  }

  /** Begins to decode into every place that is free. */
  private prefetch(): void {
    const end = Math.min(this.released + this.places, this.samples.length / 2);
    for (; this.requested < end; this.requested++) {
      const image = this.samples[2 * this.requested];
      const place = this.requested % this.places;
      const target = this.ring.subarray(place * this.imageBytes, (place + 1) * this.imageBytes);
      const seed = this.cropSeed === undefined ? undefined : imageCropSeed(this.cropSeed, image);
      const read = this.read(image, target, seed);
      // Told when the sample's turn comes.
      read.catch(() => {});
      this.reads[place] = read;
    }
  }

  /** Of these samples; copied only where they go around the end of the ring. */
  private bytesOf(first: number, size: number): Uint8Array {
    const start = (first % this.places) * this.imageBytes;
    const end = start + size * this.imageBytes;
    if (end <= this.ring.length) return this.ring.subarray(start, end);
    const bytes = new Uint8Array(size * this.imageBytes);
    bytes.set(this.ring.subarray(start));
    bytes.set(this.ring.subarray(0, end - this.ring.length), this.ring.length - start);
    return bytes;
  }

  private async waitForGpu(): Promise<void> {
    const fence = this.device.finish();
    fence.catch(() => {});
    this.fences.push(fence);
    if (this.fences.length >= MOST_BATCHES_AHEAD) await this.fences.shift();
  }
}
