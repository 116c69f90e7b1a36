// What a model says of images, as numbers: for whoever shows single predictions, or counts them by class.

import { noGrad } from '../autograd/index.js';
import { batches, epochSamples, type ImageSource, takeBatch } from '../data/index.js';
import type { Device } from '../device/index.js';
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
