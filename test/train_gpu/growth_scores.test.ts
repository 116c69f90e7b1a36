// Sums of dense gradients on the GPU, against sums in float64, and what they cost.

import { expect, it } from 'vitest';
import { Tensor } from '../../src/tensor/index.js';
import { GrowthScores } from '../../src/train/topology/growth_scores.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const SHAPE = [7, 3, 3, 3];
const SIZE = 189;

it.each([1, 0.9])('sums the gradients of several steps, older ones times %d for each step', async (factor) => {
  const { usedBytes } = device.memory();
  const scores = new GrowthScores();
  const expected = new Float64Array(SIZE);
  for (let step = 0; step < 4; step++) {
    scores.decay('conv', factor);
    for (let i = 0; i < SIZE; i++) expected[i] *= factor;
    // The two halves of a batch.
    for (const half of [0, 1]) {
      const gradient = normalValues(SIZE, 2 * step + half);
      const tensor = Tensor.from(device, gradient, SHAPE);
      scores.add('conv', tensor);
      tensor.dispose();
      for (let i = 0; i < SIZE; i++) expected[i] += gradient[i];
    }
  }
  const sum = scores.get('conv')!;
  expect(sum.shape).toEqual(SHAPE);
  expectClose((await sum.read()) as Float32Array, expected, 1e-5, 'sum');
  scores.clear();
  expect(scores.get('conv')).toBeUndefined();
  expect(device.memory().usedBytes).toBe(usedBytes);
});
