// Selection by magnitude against sorting.
import { describe, expect, it } from 'vitest';
import { selectByMagnitude } from '../../src/sparse/select.js';
import { Random } from '../../src/tensor/random.js';
import { expectSame } from './support.js';

function bySorting(values: Float32Array, count: number, which: 'largest' | 'smallest', eligible?: Uint8Array) {
  const sign = which === 'largest' ? -1 : 1;
  const ranking = Array.from(values, (_, i) => i)
    .filter((i) => !eligible || eligible[i] === 1)
    .sort((a, b) => sign * (Math.abs(values[a]) - Math.abs(values[b])) || a - b);
  const chosen = new Uint8Array(values.length);
  for (const i of ranking.slice(0, Math.max(0, count))) chosen[i] = 1;
  return chosen;
}

/** Values that stress the digits of the radix: normal, all in one binade, few distinct, subnormal, extreme. */
const KINDS: Record<string, (random: Random) => number> = {
  normal: (random) => random.normal(),
  'one binade': (random) => 1 + random.uniform() * 2 ** -9,
  'neighbouring floats': (random) => 1 + random.below(40) * 2 ** -23,
  ties: (random) => random.below(5) - 2,
  'zeros of both signs': (random) => [0, -0, 1, -1][random.below(4)],
  subnormal: (random) => random.normal() * 1e-42,
  extreme: (random) => random.normal() * 10 ** (random.below(70) - 35),
};

describe('selectByMagnitude', () => {
  it.each(Object.keys(KINDS))('agrees with sorting: %s', (kind) => {
    const random = new Random(11);
    for (let i = 0; i < 40; i++) {
      const n = 1 + random.below(400);
      const values = Float32Array.from({ length: n }, () => KINDS[kind](random));
      const eligible = Uint8Array.from({ length: n }, () => (random.uniform() < 0.6 ? 1 : 0));
      for (const count of [0, 1, random.below(n), n - 1, n, n + 5]) {
        for (const which of ['largest', 'smallest'] as const) {
          expectSame(selectByMagnitude(values, count, which), bySorting(values, count, which));
          expectSame(selectByMagnitude(values, count, which, eligible), bySorting(values, count, which, eligible));
        }
      }
    }
  });

  it('takes the lowest index among ties, -0 and 0 alike', () => {
    const values = Float32Array.of(1, -0, -1, 0, 1, -0);
    expect(Array.from(selectByMagnitude(values, 2, 'largest'))).toEqual([1, 0, 1, 0, 0, 0]);
    expect(Array.from(selectByMagnitude(values, 2, 'smallest'))).toEqual([0, 1, 0, 1, 0, 0]);
  });

  it('chooses nothing for a count of 0 or less, and nothing of nothing', () => {
    expect(Array.from(selectByMagnitude(Float32Array.of(1, 2), 0, 'largest'))).toEqual([0, 0]);
    expect(Array.from(selectByMagnitude(Float32Array.of(1, 2), -1, 'largest'))).toEqual([0, 0]);
    expect(selectByMagnitude(new Float32Array(0), 3, 'smallest').length).toBe(0);
    expect(Array.from(selectByMagnitude(Float32Array.of(1, 2), 2, 'largest', new Uint8Array(2)))).toEqual([0, 0]);
  });

  it('reads a view in the middle of a buffer', () => {
    const values = Float32Array.of(9, 9, 1, 3, 2, 9).subarray(2, 5);
    expect(Array.from(selectByMagnitude(values, 1, 'largest'))).toEqual([0, 1, 0]);
  });
});
