// Learning rates by epoch.

import { describe, expect, it } from 'vitest';
import { constant, cosine, multiStep, warmUp, warmUpOfOriginal } from '../../src/train/index.js';

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

describe('constant', () => {
  it('is the same in every epoch', () => {
    expect(rates(3, constant(0.3))).toEqual([0.3, 0.3, 0.3]);
  });
});

describe('cosine', () => {
  it('falls from the rate along half a cosine', () => {
    const half = Math.SQRT1_2;
    const expected = [1, (1 + half) / 2, 0.5, (1 - half) / 2].map((rate) => Number(rate.toPrecision(12)));
    expect(rates(4, cosine(1, { to: 4 }))).toEqual(expected);
    expect(cosine(0.2, { to: 100 })(99)).toBeGreaterThan(0);
    expect(cosine(0.2, { to: 100 })(99)).toBeLessThan(1e-4);
  });

  it('begins where it is told to', () => {
    expect(rates(5, cosine(1, { from: 2, to: 4 }))).toEqual([1, 1, 1, 0.5, 0]);
    expect(rates(3, cosine(1, { from: 5, to: 3 }))).toEqual([1, 1, 1]);
  });
});

describe('warmUp', () => {
  const schedule = multiStep({ learningRate: 1, milestones: [3, 6] });

  it('rises from a share of the rate in epoch 0; milestones count from epoch 0', () => {
    expect(rates(8, warmUp(4, multiStep({ learningRate: 1, milestones: [5, 6] })))).toEqual([
      0.25, 0.5, 0.75, 1, 1, 0.1, 0.01, 0.01,
    ]);
    expect(rates(5, warmUp(4, schedule))).toEqual([0.25, 0.5, 0.75, 0.1, 0.1]);
  });

  it('of 0 epochs, or of one, changes nothing', () => {
    expect(rates(8, warmUp(0, schedule))).toEqual(rates(8, schedule));
    expect(rates(8, warmUp(1, schedule))).toEqual(rates(8, schedule));
  });
});

describe('warmUpOfOriginal', () => {
  it('starts at 0 for a whole epoch and shifts milestones by one more than its epochs', () => {
    const schedule = multiStep({ learningRate: 1, milestones: [30, 70] });
    const rate = warmUpOfOriginal(5, schedule);
    expect(rates(7, rate)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1, 1]);
    expect([35, 36, 75, 76].map((epoch) => Number(rate(epoch).toPrecision(3)))).toEqual([1, 0.1, 0.1, 0.01]);
  });

  it('of 0 epochs changes nothing', () => {
    const schedule = multiStep({ learningRate: 1, milestones: [1] });
    expect(rates(4, warmUpOfOriginal(0, schedule))).toEqual(rates(4, schedule));
  });
});
