// Predictions of single images: the same, whatever the batch, and those that the trainer's evaluation counts.

import { expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { liveTensors } from '../../src/tensor/index.js';
import {
  createTrainer,
  evaluate,
  largestOfRows,
  predict,
  predictPixels,
  softmaxOfRows,
} from '../../src/train/index.js';
import { confusionOf } from '../../web/worker/predictions.js';
import { expectClose } from '../support/compare.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns(96, 30);

it('gives the logits of every image in its order, in batches of any size', async () => {
  const trainer = await createTrainer(device, { ...CONFIG, maxSteps: 6 }, dataset);
  for await (const _ of trainer.run());
  const { model, test } = trainer.parts;
  const tensors = liveTensors();
  const logits = await predict(device, model, test, 30);
  expect(liveTensors()).toBe(tensors);
  expect(logits).toHaveLength(30 * 4);
  expectClose(await predict(device, model, test, 7), logits, 1e-5, 'batches of 7');

  const told = largestOfRows(logits, 4);
  const right = told.filter((label, i) => label === dataset.test.labels[i]).length;
  expect(right / 30).toBe((await evaluate(device, model, test, 16)).accuracy);
  expect(right).toBeGreaterThan(8);

  const { images } = dataset.test;
  const third = images.subarray(2 * 64, 3 * 64);
  expectClose(await predictPixels(device, model, third, dataset), logits.slice(8, 12), 1e-5, 'one image');
  expectClose(await predictPixels(device, model, images, dataset, 8), logits, 1e-5, 'all of them');
  expect(liveTensors()).toBe(tensors);
  const refused: [Uint8Array, object, string][] = [
    [images.subarray(1), {}, 'expected whole images of 1 x 8 x 8 bytes, got 1919 bytes'],
    [Float32Array.from(third) as never, {}, 'expected bytes from 0 to 255 (Uint8Array), got Float32Array'],
    [third, { mean: undefined }, 'expected mean and std of 1 channels, got undefined and 0.2'],
  ];
  for (const [pixels, change, message] of refused) {
    const predicting = predictPixels(device, model, pixels, { ...dataset, ...change });
    await expect(predicting).rejects.toThrow(new InputError(`predictPixels: ${message}`));
  }
  trainer.dispose();
});

it.each([{}, { validation: 20 }])('counts the evaluated images of each class, of a run with %o', async (change) => {
  const trainer = await createTrainer(device, { ...CONFIG, maxSteps: 6, ...change }, dataset);
  const epochs: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'epoch') epochs.push(event.testAccuracy);
  const counts = await confusionOf(trainer);
  const { labels, count } = trainer.parts.test;
  const rows = [0, 1, 2, 3].map((label) => counts.subarray(4 * label, 4 * label + 4));
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  expect(rows.map(sum)).toEqual([0, 1, 2, 3].map((label) => Array.from(labels).filter((one) => one === label).length));
  expect(sum(rows.map((row, label) => row[label])) / count).toBe(epochs.at(-1));
  trainer.dispose();
});

it('makes probabilities of logits, however large', () => {
  const probabilities = softmaxOfRows(Float32Array.of(1000, 1000, -1000, 0, Math.log(3), Number.NEGATIVE_INFINITY), 3);
  expectClose(probabilities, [0.5, 0.5, 0, 0.25, 0.75, 0], 1e-6, 'softmax');
});

it('takes the first of equal logits', () => {
  expect(largestOfRows(Float32Array.of(1, 3, 3, -1, -2, -1), 3)).toEqual(Uint32Array.of(1, 0));
});
