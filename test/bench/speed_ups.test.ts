// From the rows of `bench kernels` to the curves of the break-even chart.

import { describe, expect, it } from 'vitest';

const { breakEvens, meanSpeedUps, speedUps } = await import('../../bench/charts/speed_ups.mjs' as string);

/** The three passes of a variant, in ms. */
function rows(layer: string, blockSize: number, sparsity: number, milliseconds: number[]) {
  return ['forward', 'gradInput', 'gradWeight'].map((pass, i) => ({
    ...{ layer, blockSize, sparsity, pass, ms: milliseconds[i] },
  }));
}

const ROWS = [
  ...rows('a', 0, 0, [10, 10, 20]),
  ...rows('a', 16, 0.5, [20, 20, 40]),
  ...rows('a', 16, 0.9, [5, 10, 5]),
  ...rows('b', 0, 0, [10, 10, 20]),
  ...rows('b', 16, 0.5, [5, 80, 15]),
];
const PAIRS = (records: { pass: string; speedUp: number }[]) => records.map(({ pass, speedUp }) => [pass, speedUp]);

describe('speedUps', () => {
  it('compares each pass with the dense one of the same layer, and sums with sums', () => {
    const found = speedUps(ROWS);
    expect(PAIRS(found.slice(4, 8))).toEqual([
      ['forward', 2],
      ['gradInput', 1],
      ['gradWeight', 4],
      ['sum', 2],
    ]);
    expect(found[11]).toEqual({ layer: 'b', pass: 'sum', blockSize: 16, sparsity: 0.5, speedUp: 0.4 });
  });

  it('leaves out layers of which a pass is missing', () => {
    expect(speedUps(ROWS.filter(({ layer, pass }) => layer === 'a' || pass !== 'forward'))).toHaveLength(8);
    expect(speedUps(ROWS.filter(({ blockSize }) => blockSize !== 0))).toEqual([]);
  });
});

describe('meanSpeedUps', () => {
  it('are geometric, over layers', () => {
    const [first] = meanSpeedUps(speedUps(ROWS));
    // Half as fast in a, twice as fast in b.
    expect(first).toEqual({ pass: 'forward', blockSize: 16, sparsity: 0.5, speedUp: 1 });
  });
});

describe('breakEvens', () => {
  const curve = (pass: string, speedUps: number[]) =>
    speedUps.map((speedUp, i) => ({ pass, blockSize: 8, sparsity: 0.5 + 0.2 * i, speedUp }));

  it('lie where a curve crosses 1, on a logarithmic scale', () => {
    const [only, ...others] = breakEvens([...curve('forward', [2, 4]), ...curve('sum', [0.5, 2])]);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ pass: 'sum', blockSize: 8 });
    expect(only.sparsity).toBeCloseTo(0.6, 12);
  });

  it('are not sought from the end of one curve to the beginning of the next', () => {
    expect(breakEvens([...curve('forward', [0.25, 0.5]), ...curve('sum', [2, 4])])).toEqual([]);
  });
});
