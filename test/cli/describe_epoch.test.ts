// The line of an epoch.

import { expect, it } from 'vitest';
import { describeEpoch } from '../../src/cli/train/describe.js';
import type { EpochEvent } from '../../src/train/index.js';

const event: EpochEvent = {
  ...{
    type: 'epoch',
    epoch: 2,
    step: 30,
    trainLoss: 1.5,
    trainAccuracy: 0.25,
    sparsity: 0.9,
    seconds: 61,
    dataWaitSeconds: 0,
  },
  ...{ testLoss: 2, testAccuracy: 0.5, testTop5: 0.875, updateSeconds: 0.6 },
};

it('shows top-5 accuracy only where there are many classes', () => {
  expect(describeEpoch(event, { epochs: 5 }, 100)).toBe(
    'epoch 3/5  train loss 1.5000 accuracy 25.00%  test loss 2.0000 accuracy 50.00% top-5 87.50%  1 min 1 s',
  );
  expect(describeEpoch(event, { epochs: 5 }, 10)).toBe(
    'epoch 3/5  train loss 1.5000 accuracy 25.00%  test loss 2.0000 accuracy 50.00%  1 min 1 s',
  );
});

it('names the images that were evaluated', () => {
  expect(describeEpoch(event, { epochs: 5, validation: 1000 }, 10)).toMatch(
    / {2}validation loss 2\.0000 accuracy 50\.00% {2}1 min/,
  );
});

it('says what topology updates cost from 1% on', () => {
  expect(describeEpoch({ ...event, updateSeconds: 3.05 }, { epochs: 5 }, 10)).toMatch(/ 1 min 1 s \(updates 5\.0%\)$/);
  expect(describeEpoch({ ...event, updateSeconds: 0 }, { epochs: 5 }, 10)).toMatch(/ 1 min 1 s$/);
});

it('says how long training waited for images, and how many it went without', () => {
  const waiting = { ...event, dataWaitSeconds: 6.1, updateSeconds: 3.05, skippedImages: 2 };
  expect(describeEpoch(waiting, { epochs: 5 }, 10)).toMatch(
    / 1 min 1 s \(updates 5\.0%, waiting for data 10\.0%, 2 damaged images left out\)$/,
  );
  expect(describeEpoch({ ...event, dataWaitSeconds: 0.5 }, { epochs: 5 }, 10)).toMatch(/ 1 min 1 s$/);
});
