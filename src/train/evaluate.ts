// Loss and accuracy of a model on a whole split, in evaluation mode.

import { noGrad } from '../autograd/index.js';
import type { ImageSource } from '../data/index.js';
import { batches, epochSamples } from '../data/index.js';
import type { Device } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { crossEntropy } from '../shaders/index.js';
import { keep, scope, Tensor } from '../tensor/index.js';
import { Metrics, type Summary } from './metrics.js';

/** @param images see `openImages`; seen once, in order, as they are. */
export async function evaluate(
  device: Device,
  model: Module,
  images: ImageSource,
  batchSize: number,
): Promise<Summary> {
  const { count } = images;
  const metrics = new Metrics(device);
  images.startEpoch(epochSamples({ count, epoch: 0, seed: 0, shuffle: false }));
  const mode = { training: false, random: keep(Tensor.zeros(device, [2], 'u32')) };
  for (const { first, size } of batches(count, batchSize)) {
    await images.ready(first, size);
    scope(() =>
      noGrad(() => {
        const batch = images.batch(first, size);
        const logits = model.forward(batch.images, mode);
        metrics.add(crossEntropy(logits, batch.labels), logits, batch.labels);
      }),
    );
  }
  mode.random.dispose();
  const summary = await metrics.read();
  metrics.dispose();
  return summary;
}
