// Loss and accuracy of a model on a whole split, in evaluation mode.

import { noGrad } from '../autograd/index.js';
import { batches, epochSamples, freeBatch, type ImageSource, type UploadedBatch } from '../data/index.js';
import type { Device, Recording } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { crossEntropy } from '../shaders/index.js';
import { type ActivationType, keep, scope, Tensor } from '../tensor/index.js';
import { Metrics, type Summary } from './metrics.js';
import { forwardIn } from './precision.js';

/** @param images see `openImages`; seen once, in order, as they are. */
export async function evaluate(
  device: Device,
  model: Module,
  images: ImageSource,
  batchSize: number,
  precision: ActivationType = 'f32',
): Promise<Summary> {
  const { count } = images;
  const metrics = new Metrics(device);
  images.startEpoch(epochSamples({ count, epoch: 0, seed: 0, shuffle: false }));
  const mode = { training: false, random: keep(Tensor.zeros(device, [2], 'u32')) };
  const forward = (batch: UploadedBatch) =>
    scope(() =>
      noGrad(() => {
        const { images: x, labels } = images.assemble(batch);
        const logits = forwardIn(precision, model, x, mode);
        metrics.add(crossEntropy(logits, labels), logits, labels);
      }),
    );
  let recorded: { batch: UploadedBatch; commands: Recording } | undefined;
  try {
    for (const { first, size } of batches(count, batchSize)) {
      await images.ready(first, size);
      const batch = images.upload(first, size, recorded?.batch);
      if (batch !== recorded?.batch) {
        if (recorded) freeBatch(recorded.batch);
        recorded = { batch, commands: device.record(() => forward(batch)) };
        await device.prepare(recorded.commands);
      }
      device.replay(recorded.commands);
    }
    return await metrics.read();
  } finally {
    if (recorded) freeBatch(recorded.batch);
    mode.random.dispose();
    metrics.dispose();
  }
}
