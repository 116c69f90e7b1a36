import { describe, expect, it } from 'vitest';
import { Points } from '../../src/dashboard/points.js';

const RULES = { step: 'last', first: 'first', mean: 'mean', least: 'least', most: 'most' } as const;
const row = (step: number, value: number) => ({ step, first: step, mean: value, least: value, most: value });

describe('Points', () => {
  it('keeps every line while there is room', () => {
    const points = new Points(RULES, 4);
    for (let step = 1; step <= 4; step++) expect(points.add(row(step, 10 * step))).toBe(false);
    expect(points.since(0).step).toEqual([1, 2, 3, 4]);
    expect(points.since(2).mean).toEqual([30, 40]);
  });

  it.each([5, 8, 17, 1000, 4097])('%i lines in eight points are bounded, in order, and lose nothing', (count) => {
    const points = new Points(RULES, 8);
    const values = Array.from({ length: count }, (_, i) => Math.sin(i) * 100);
    values.forEach((value, i) => {
      points.add(row(i + 1, value));
    });
    const { step, first, mean, least, most } = points.since(0);
    expect(points.length).toBeLessThanOrEqual(8);
    expect(points.length).toBeGreaterThan(3);
    expect(first[0]).toBe(1);
    expect(step.at(-1)).toBe(count);
    step.forEach((last, i) => {
      // Each point stands for the lines from its first to its last: against plain loops over these.
      const own = values.slice(first[i] - 1, last);
      if (i > 0) expect(first[i]).toBe(step[i - 1] + 1);
      expect(mean[i]).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 9);
      expect([least[i], most[i]]).toEqual([Math.min(...own), Math.max(...own)]);
    });
  });

  it('says when earlier points have changed', () => {
    const points = new Points(RULES, 4);
    const changed = Array.from({ length: 9 }, (_, i) => points.add(row(i + 1, 0)));
    expect(changed).toEqual([false, false, false, false, true, false, false, false, true]);
  });

  it('lets lines that say nothing of a column count for nothing', () => {
    const points = new Points(RULES, 2);
    for (const value of [1, Number.NaN, Number.NaN, 5]) points.add(row(1, value));
    expect(points.since(0).mean).toEqual([1, 5]);
  });

  it('forgets points from a step on', () => {
    const points = new Points(RULES, 8);
    for (let step = 1; step <= 6; step++) points.add(row(step, step));
    expect(points.cutFrom(7)).toBe(false);
    expect(points.cutFrom(4)).toBe(true);
    points.add(row(4, 40));
    expect(points.since(0).mean).toEqual([1, 2, 3, 40]);
  });
});
