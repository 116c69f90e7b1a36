// Learning rates by epoch.

import { describe, expect, it } from 'vitest';
import { multiStep } from '../../src/train/index.js';

const rates = (epochs: number, rate: (epoch: number) => number) =>
  Array.from({ length: epochs }, (_, epoch) => Number(rate(epoch).toPrecision(12)));

describe('multiStep', () => {
  it('falls to a tenth at every milestone', () => {
    expect(rates(6, multiStep({ learningRate: 0.5, milestones: [2, 4] }))).toEqual([
      0.5, 0.5, 0.05, 0.05, 0.005, 0.005,
    ]);
  });

  it('takes milestones in any order, the same one twice, and a factor', () => {
    expect(rates(4, multiStep({ learningRate: 1, milestones: [3, 1], gamma: 0.5 }))).toEqual([1, 0.5, 0.5, 0.25]);
    expect(rates(3, multiStep({ learningRate: 1, milestones: [1, 1] }))).toEqual([1, 0.01, 0.01]);
    expect(rates(2, multiStep({ learningRate: 1, milestones: [0] }))).toEqual([0.1, 0.1]);
  });

  it('stays as it is without milestones', () => {
    expect(rates(3, multiStep({ learningRate: 0.1, milestones: [] }))).toEqual([0.1, 0.1, 0.1]);
  });
});
