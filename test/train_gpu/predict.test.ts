// Predictions of single images: the same, whatever the batch, and those that the trainer's evaluation counts.

import { expect, it } from 'vitest';
import { openImages } from '../../src/data/index.js';
import { liveTensors } from '../../src/tensor/index.js';
import { createTrainer, evaluate, largestOfRows, predict } from '../../src/train/index.js';
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

  const third = { images: dataset.test.images.slice(2 * 64, 3 * 64), labels: new Uint8Array(1), count: 1 };
  const single = openImages(device, third, dataset, 1);
  expectClose(await predict(device, model, single, 1), logits.slice(8, 12), 1e-5, 'one image');
  single.dispose();
  trainer.dispose();
});

it('takes the first of equal logits', () => {
  expect(largestOfRows(Float32Array.of(1, 3, 3, -1, -2, -1), 3)).toEqual(Uint32Array.of(1, 0));
});
