import { describe, expect, it } from 'vitest';
import { inTurns, median, quantile, spread } from '../../../src/cli/bench/timing.js';

describe('inTurns', () => {
  /** Measurements that only note whose turn it is. */
  function bench(count: number) {
    const order: number[] = [];
    const measurements = Array.from({ length: count }, (_, i) => async () => {
      order.push(i);
      return 10 * order.length;
    });
    return { order, measurements };
  }

  it('gives each its turn in every round, at least three times', async () => {
    const { order, measurements } = bench(2);
    const rounds: number[] = [];
    const samples = await inTurns(measurements, { deadline: 0, onRound: (round) => rounds.push(round) });
    expect(order).toEqual([0, 1, 0, 1, 0, 1]);
    expect(rounds).toEqual([1, 2, 3]);
    expect(samples).toEqual([
      [10, 30, 50],
      [20, 40, 60],
    ]);
  });

  it('goes on until its time is over, or there are rounds enough', async () => {
    const { order, measurements } = bench(1);
    await inTurns(measurements, { deadline: Number.POSITIVE_INFINITY, mostRounds: 7 });
    expect(order).toHaveLength(7);
  });
});

describe('medians and quartiles', () => {
  it.each([
    [[3], 3, 0],
    [[4, 1], 2.5, 0.75],
    [[5, 1, 3], 3, 1],
    [[1, 2, 3, 4, 100], 3, 1],
  ])('of %j', (samples, middle, half) => {
    expect(median(samples)).toBe(middle);
    expect(spread(samples)).toBe(half);
  });

  it('lie between neighbours, and leave the samples as they are', () => {
    const samples = [20, 0, 10];
    expect(quantile(samples, 0.25)).toBe(5);
    expect(quantile(samples, 1)).toBe(20);
    expect(samples).toEqual([20, 0, 10]);
  });
});
