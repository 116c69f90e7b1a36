// Plans of shared memory: nothing in use at one time shares a place, every place holds its uses, and little is wasted.
import { describe, expect, it } from 'vitest';
import { fitInto, type MemoryPlan, peakBytes, planMemory, type Use } from '../../src/device/recording/memory_plan.js';
import { Random } from '../../src/tensor/index.js';

function expectSound({ places, sizes }: MemoryPlan, uses: readonly Use[]): void {
  expect(places).toHaveLength(uses.length);
  for (const [i, use] of uses.entries()) {
    expect(sizes[places[i]]).toBeGreaterThanOrEqual(use.sizeBytes);
    for (const [j, other] of uses.slice(0, i).entries()) {
      const overlaps = other.first <= use.last && use.first <= other.last;
      if (overlaps) expect(places[j], `uses ${j} and ${i}`).not.toBe(places[i]);
    }
  }
}

const total = ({ sizes }: MemoryPlan) => sizes.reduce((sum, size) => sum + size, 0);

describe('planMemory', () => {
  it('shares a place among uses that follow each other', () => {
    const uses = [
      { sizeBytes: 100, first: 0, last: 1 },
      { sizeBytes: 60, first: 1, last: 2 },
      { sizeBytes: 80, first: 2, last: 3 },
    ];
    expect(planMemory(uses)).toEqual({ places: [0, 1, 0], sizes: [100, 60] });
  });

  it('does not share where one use ends in the command in which the other begins', () => {
    const uses = [
      { sizeBytes: 8, first: 0, last: 1 },
      { sizeBytes: 8, first: 1, last: 1 },
    ];
    expect(planMemory(uses).sizes).toEqual([8, 8]);
  });

  it('puts small uses into the smallest place that is free, so that larger ones keep theirs', () => {
    const uses = [
      { sizeBytes: 50, first: 0, last: 0 },
      { sizeBytes: 20, first: 0, last: 0 },
      { sizeBytes: 10, first: 1, last: 1 },
    ];
    expect(planMemory(uses)).toEqual({ places: [0, 1, 1], sizes: [50, 20] });
  });

  it('plans nothing for nothing', () => {
    expect(planMemory([])).toEqual({ places: [], sizes: [] });
    expect(peakBytes([])).toBe(0);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('is sound for random uses, seed %i', (seed) => {
    const random = new Random(seed);
    const uses = Array.from({ length: 120 }, () => {
      const first = random.below(60);
      return { sizeBytes: 16 * (1 + random.below(200)), first, last: first + random.below(12) };
    });
    const plan = planMemory(uses);
    expectSound(plan, uses);
    expect(total(plan)).toBeGreaterThanOrEqual(peakBytes(uses));
    expect(total(plan)).toBeLessThan(1.5 * peakBytes(uses));
  });
});

describe('fitInto', () => {
  it('puts the largest place into the largest', () => {
    expect(fitInto([10, 40, 20], [35, 15])).toEqual([1, 2]);
  });

  it('goes on with new places where there are too few', () => {
    expect(fitInto([10], [35, 15, 5])).toEqual([0, 1, 2]);
    expect(fitInto([], [7])).toEqual([0]);
  });

  it('keeps equal places in their order, so that a plan made again fits where it was', () => {
    expect(fitInto([8, 8, 4], [8, 8, 4])).toEqual([0, 1, 2]);
  });
});

it('peakBytes counts what is in use at one time', () => {
  const uses = [
    { sizeBytes: 100, first: 0, last: 1 },
    { sizeBytes: 60, first: 1, last: 2 },
    { sizeBytes: 80, first: 2, last: 3 },
  ];
  expect(peakBytes(uses)).toBe(160);
});
