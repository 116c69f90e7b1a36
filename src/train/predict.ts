// What a model says of images, as numbers: for whoever shows single predictions, or counts them by class.

import { noGrad } from '../autograd/index.js';
import { batches, type DatasetInfo, epochSamples, type ImageSource, openImages, takeBatch } from '../data/index.js';
import { type Device, InputError } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { keep, scope, Tensor } from '../tensor/index.js';

/**
 * Logits of all images in their order, in evaluation mode: [count, classes], row by row. Images are shown as they are.
 * @param images see `openImages`; of streamed images that are skipped because they are damaged, there are none.
 */
export async function predict(
  device: Device,
  model: Module,
  images: ImageSource,
  batchSize: number,
): Promise<Float32Array> {
  const { count } = images;
  images.startEpoch(epochSamples({ count, epoch: 0, seed: 0, shuffle: false }));
  const mode = { training: false, random: keep(Tensor.zeros(device, [2], 'u32')) };
  const parts: Float32Array[] = [];
  try {
    for (const { first, size } of batches(count, batchSize)) {
      await images.ready(first, size);
      const reading = scope(() => noGrad(() => readLogits(model.forward(takeBatch(images, first, size).images, mode))));
      parts.push(await reading);
    }
  } finally {
    mode.random.dispose();
  }
  return concat(parts);
}

/** What images must be for a network, and how they are normalised: see `completeSettings`; a data set is one too. */
export type ImageFormat = Pick<DatasetInfo, 'channels' | 'height' | 'width' | 'mean' | 'std'>;

/**
 * Logits [count, classes] of images given as bytes, row by row.
 * @param pixels u8 [count, channels, height, width], from 0 to 255; normalised here.
 * @throws InputError unless they are bytes of whole images.
 */
export async function predictPixels(
  device: Device,
  model: Module,
  pixels: Uint8Array | Uint8ClampedArray,
  format: ImageFormat,
  batchSize = 128,
): Promise<Float32Array> {
  const { channels, height, width, mean, std } = format;
  const count = pixels.length / (channels * height * width);
  if (!(pixels instanceof Uint8Array || pixels instanceof Uint8ClampedArray)) {
    throw new InputError(`predictPixels: expected bytes from 0 to 255 (Uint8Array), got ${kindOf(pixels)}`);
  }
  if (!Number.isInteger(count) || count < 1) {
    const expected = `whole images of ${channels} x ${height} x ${width} bytes`;
    throw new InputError(`predictPixels: expected ${expected}, got ${pixels.length} bytes`);
  }
  if (mean?.length !== channels || std?.length !== channels) {
    throw new InputError(`predictPixels: expected mean and std of ${channels} channels, got ${mean} and ${std}`);
  }
  const images = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const info = { ...format, name: 'pixels', classes: 1, augmentation: { padding: 0, flip: false } };
  const source = openImages(device, { images, labels: new Uint8Array(count), count }, info, batchSize);
  try {
    return await predict(device, model, source, Math.min(batchSize, count));
  } finally {
    source.dispose();
  }
}

/** Softmax of each row. @param logits [count, classes]. @returns probabilities, [count, classes]. */
export function softmaxOfRows(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    const values = logits.subarray(row, row + classes);
    const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const powers = Float64Array.from(values, (value) => Math.exp(value - largest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    powers.forEach((power, i) => {
      probabilities[row + i] = power / total;
    });
  }
  return probabilities;
}

/** Largest value's index in each row; the lowest of equal ones. @param logits [count, classes]. */
export function largestOfRows(logits: Float32Array, classes: number): Uint32Array {
  return Uint32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = row * classes;
    for (let i = best + 1; i < (row + 1) * classes; i++) if (logits[i] > logits[best]) best = i;
    return best - row * classes;
  });
}

/** [classes, N] on the GPU -> [N, classes]. */
async function readLogits(logits: Tensor): Promise<Float32Array> {
  const [classes, samples] = logits.shape;
  const values = await logits.read();
  return Float32Array.from({ length: values.length }, (_, i) => {
    return values[(i % classes) * samples + Math.floor(i / classes)];
  });
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value);
}
