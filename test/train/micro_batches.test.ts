// How batches are cut into parts.

import { describe, expect, it } from 'vitest';
import { microBatches } from '../../src/train/micro_batches.js';

const ranges = (first: number, size: number, most?: number) =>
  microBatches({ first, size }, most, 7).map((part) => [part.first, part.size]);

describe('microBatches', () => {
  it('cover the batch in order, none larger than allowed', () => {
    expect(ranges(30, 10, 4)).toEqual([
      [30, 4],
      [34, 4],
      [38, 2],
    ]);
    expect(ranges(0, 8, 4)).toEqual([
      [0, 4],
      [4, 4],
    ]);
    expect(ranges(5, 3, 4)).toEqual([[5, 3]]);
    expect(ranges(5, 3)).toEqual([[5, 3]]);
  });

  it('weigh as much as their share of the images', () => {
    expect(microBatches({ first: 0, size: 10 }, 4, 7).map(({ share }) => share)).toEqual([0.4, 0.4, 0.2]);
    expect(microBatches({ first: 0, size: 10 }, undefined, 7)[0].share).toBe(1);
  });

  it("have seeds of their own, the first the run's", () => {
    const seeds = microBatches({ first: 0, size: 100 }, 1, 2 ** 32 - 1).map(({ seed }) => seed);
    expect(seeds[0]).toBe(2 ** 32 - 1);
    expect(new Set(seeds).size).toBe(100);
    for (const seed of seeds) expect(seed >= 0 && seed < 2 ** 32 && Number.isInteger(seed)).toBe(true);
  });
});
