// Batches from images that are on the GPU as bytes: gathered, augmented by random rotation, crop and mirror (the latter as in He et al.
// 2016, https://arxiv.org/abs/1512.03385, section 4.2), normalised, and written batch-last.

import { kernel } from '../../device/index.js';
import { formatShape, type Shape, sameShape, Tensor } from '../../tensor/index.js';
import { gather_labels, image_batch } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const batchKernel = kernel(image_batch);
const labelsKernel = kernel(gather_labels);

/** Offsets are bytes, and reach over the padding on both sides. */
const MAX_PADDING = 127;
const MAX_CHANNELS = 4;
/** Sines are whole numbers of 2^-14 in 15 bits, sign included. */
const SINE_ONE = 2 ** 14;

export interface ImageBatchOptions {
  /** Of each channel, over pixels in [0, 1]; at most 4 channels. */
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
  /** Black pixels around the image, from 0 to 127: offsets of a sample go from 0 to twice that. */
  readonly padding: number;
  /** `NHWC`: images are u8 [count,H,W,C], as decoders give them. Default: `NCHW`. */
  readonly layout?: 'NCHW' | 'NHWC';
}

/**
 * The second word of a sample: where in the padded image its crop of H x W begins, from 0 to 255, and whether the crop is then
 * mirrored left to right. The image is first turned about its centre. No augmentation is `packSample(padding, padding, false)`.
 * @param degrees clockwise, above -90 and below 90.
 */
export function packSample(top: number, left: number, flip: boolean, degrees = 0): number {
  for (const offset of [top, left]) {
    if (!Number.isInteger(offset) || offset < 0 || offset > 255) {
      throw new Error(`packSample: expected offsets from 0 to 255, got top ${top}, left ${left}`);
    }
  }
  if (!(Math.abs(degrees) < 90)) throw new Error(`packSample: expected less than 90 degrees, got ${degrees}`);
  const sine = Math.min(Math.round(SINE_ONE * Math.sin((degrees * Math.PI) / 180)), SINE_ONE - 1);
  return (top | (left << 8) | (flip ? 1 << 16 : 0) | (sine << 17)) >>> 0;
}

/**
 * Samples of images u8 [count,C,H,W], or [count,H,W,C] with that layout, as f32 [C,H,W,N], (byte / 255 - mean[c]) / std[c]; padding is black before normalisation.
 * A sample whose image does not exist is all NaN. No gradient.
 * @param images one tensor, or several where one would exceed `maxStorageBufferBindingSize`: parts of equally many images, but
 *   for the last one, which may have fewer.
 * @param samples u32 [N,2]: image index (over all parts), `packSample(...)`.
 */
export function imageBatch(images: Tensor | readonly Tensor[], samples: Tensor, options: ImageBatchOptions): Tensor {
  const parts = images instanceof Tensor ? [images] : images;
  const batch = sampleCount('imageBatch', samples);
  const shape = imageShape(parts);
  const isInterleaved = options.layout === 'NHWC';
  const [channels, height, width] = isInterleaved ? [shape[2], shape[0], shape[1]] : shape;
  checkOptions(options, channels);
  const y = Tensor.empty(samples.device, [channels, height, width, batch]);
  const strides = {
    image_stride: channels * height * width,
    channel_stride: isInterleaved ? 1 : height * width,
    row_stride: isInterleaved ? width * channels : width,
    column_stride: isInterleaved ? channels : 1,
  };
  const shared = { channels, height, width, ...strides, batch, padding: options.padding, ...normalisation(options) };
  const workgroups = Math.ceil((channels * height * batch) / batchKernel.constant('WORKGROUP_SIZE'));
  for (const [position, part] of parts.entries()) {
    const place = {
      first: position * parts[0].shape[0],
      count: part.shape[0],
      is_last: position === parts.length - 1 ? 1 : 0,
    };
    runKernelOn(batchKernel, { images: part, samples, y }, { ...shared, ...place }, workgroups);
  }
  return y;
}

/**
 * The labels u32 [N] of the same samples; 0xffffffff, which `crossEntropy` turns into NaN, where there is no such image.
 * @param labels u8 or u32 [count].
 */
export function gatherLabels(labels: Tensor, samples: Tensor): Tensor {
  const batch = sampleCount('gatherLabels', samples);
  if ((labels.dtype !== 'u8' && labels.dtype !== 'u32') || labels.shape.length !== 1) {
    throw new Error(
      `gatherLabels: expected labels u8 or u32 [count], got ${labels.dtype} ${formatShape(labels.shape)}`,
    );
  }
  const y = Tensor.empty(samples.device, [batch], 'u32');
  const sized = labels.dtype === 'u8' ? labelsKernel : labelsKernel.with({ LABEL_BYTES: 4 });
  const workgroups = Math.ceil(batch / sized.constant('WORKGROUP_SIZE'));
  runKernelOn(sized, { labels, samples, y }, { batch, count: labels.size }, workgroups);
  return y;
}

function sampleCount(operation: string, samples: Tensor): number {
  checkTensor(operation, 'samples', samples, 'u32', [samples.shape[0], 2]);
  return samples.shape[0];
}

/** Extents of an image, the same in all parts. */
function imageShape(parts: readonly Tensor[]): Shape {
  const got = parts.map((part) => `${part.dtype} ${formatShape(part.shape)}`).join(', ') || 'none';
  if (parts.length === 0 || parts.some((part) => part.dtype !== 'u8' || part.shape.length !== 4)) {
    throw new Error(`imageBatch: expected images u8 of four dimensions, got ${got}`);
  }
  const [count, ...shape] = parts[0].shape;
  for (const [position, part] of parts.entries()) {
    const [partCount, ...partShape] = part.shape;
    const fits = position === parts.length - 1 ? partCount <= count : partCount === count;
    if (!fits || !sameShape(partShape, shape)) {
      throw new Error(`imageBatch: expected parts of equally many images, but for a smaller last one, got ${got}`);
    }
  }
  return shape;
}

function checkOptions({ mean, std, padding }: ImageBatchOptions, channels: number): void {
  if (channels > MAX_CHANNELS) {
    throw new Error(`imageBatch: expected at most ${MAX_CHANNELS} channels, got ${channels}`);
  }
  if (mean.length !== channels || std.length !== channels) {
    const got = `${mean.length} and ${std.length}`;
    throw new Error(`imageBatch: expected mean and std of ${channels} channels, got ${got}`);
  }
  if (!Number.isInteger(padding) || padding < 0 || padding > MAX_PADDING) {
    throw new Error(`imageBatch: expected a padding from 0 to ${MAX_PADDING}, got ${padding}`);
  }
}

/** As scalars of the kernel; channels that do not exist are never read. */
function normalisation({ mean, std }: ImageBatchOptions): Record<string, number> {
  const channels = Array.from({ length: MAX_CHANNELS }, (_, channel) => channel);
  return Object.fromEntries(
    channels.flatMap((channel) => [
      [`mean_${channel}`, mean[channel] ?? 0],
      [`std_${channel}`, std[channel] ?? 1],
    ]),
  );
}
