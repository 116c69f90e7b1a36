// From a configuration to its learning rates.

import { describe, expect, it } from 'vitest';
import { defaultConfig, learningRateOf, type RunConfig } from '../../src/train/index.js';

const IMAGENET = defaultConfig('imagenet');

/** The rates of some epochs, to 6 digits. */
function rates(epochs: readonly number[], config: RunConfig = IMAGENET): number[] {
  const rate = learningRateOf(config);
  return epochs.map((epoch) => Number(rate(epoch).toPrecision(6)));
}

describe('learningRateOf', () => {
  it("is ImageNet's recipe: five epochs of warm-up, a tenth at 30, 70 and 90", () => {
    expect(rates([0, 1, 4, 5, 29, 30, 69, 70, 90, 104])).toEqual([
      0.02, 0.04, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.0001, 0.0001,
    ]);
  });

  it('is that of the original with `compat: original`: 0 for an epoch, and milestones six epochs later', () => {
    expect(rates([0, 1, 5, 6, 35, 36, 75, 76, 96], { ...IMAGENET, compat: 'original' })).toEqual([
      0, 0.02, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.0001,
    ]);
  });

  it('falls by gamma, at 1/2 and 3/4 of the run where no milestones are given', () => {
    expect(rates([0, 79, 80, 119, 120, 159], { ...defaultConfig('cifar10'), gamma: 0.5 })).toEqual([
      0.1, 0.1, 0.05, 0.05, 0.025, 0.025,
    ]);
    // Both milestones of one epoch are epoch 1, and count once.
    expect(rates([0, 1], { ...defaultConfig('mnist'), learningRate: 1, epochs: 1 })).toEqual([1, 0.1]);
  });

  it('is a cosine from the end of the warm-up to the end of the run', () => {
    const change = { lrSchedule: 'cosine', warmupEpochs: 4, epochs: 104, learningRate: 1 } as const;
    expect(rates([0, 3, 4, 54, 104], { ...IMAGENET, ...change })).toEqual([0.25, 1, 1, 0.5, 0]);
  });

  it('is constant but for the warm-up', () => {
    expect(rates([0, 4, 100], { ...IMAGENET, lrSchedule: 'constant' })).toEqual([0.02, 0.1, 0.1]);
  });
});
