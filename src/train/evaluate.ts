// Loss and accuracy of a model on a whole split, in evaluation mode.

import { noGrad } from '../autograd/index.js';
import type { ResidentImages } from '../data/index.js';
import { batches, epochSamples } from '../data/index.js';
import type { Device } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { crossEntropy } from '../shaders/index.js';
import { scope, Tensor } from '../tensor/index.js';
import { Metrics, type Summary } from './metrics.js';

/** @param images see `ResidentImages`; seen once, in order, as they are. */
export async function evaluate(
  device: Device,
  model: Module,
  images: ResidentImages,
  batchSize: number,
): Promise<Summary> {
  const { count } = images;
  const metrics = new Metrics(device);
  images.startEpoch(epochSamples({ count, epoch: 0, seed: 0, shuffle: false }));
  scope(() => {
    const mode = { training: false, random: Tensor.zeros(device, [2], 'u32') };
    for (const { first, size } of batches(count, batchSize)) {
      scope(() =>
        noGrad(() => {
          const batch = images.batch(first, size);
          const logits = model.forward(batch.images, mode);
          metrics.add(crossEntropy(logits, batch.labels), logits, batch.labels);
        }),
      );
    }
  });
  const summary = await metrics.read();
  metrics.dispose();
  return summary;
}
