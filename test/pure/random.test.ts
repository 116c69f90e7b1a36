import { describe, expect, it } from 'vitest';
import { Random } from '../../src/tensor/random.js';

/** xoshiro128** as its authors publish it (prng.di.unimi.it), in BigInt, for any state. */
function reference(state: number[], count: number): number[] {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  const s = state.map(BigInt);
  return Array.from({ length: count }, () => {
    const result = (rotl((s[1] * 5n) & mask, 7n) * 9n) & mask;
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
    return Number(result);
  });
}

describe('Random', () => {
  it('is xoshiro128**', () => {
    for (const state of [[1, 2, 3, 4], Array.from(new Random(99).state())]) {
      const random = Random.fromState(state);
      expect(Array.from({ length: 200 }, () => random.uint32())).toEqual(reference(state, 200));
    }
  });

  it('gives this stream for seed 42, on every machine and in every version: runs are repeated from it', () => {
    const random = new Random(42);
    expect(Array.from({ length: 6 }, () => random.uint32())).toEqual([
      660444221, 3652823732, 77672526, 910233633, 2297337756, 3786072677,
    ]);
    expect([random.uniform(), random.below(10), random.below(1000)]).toEqual([0.7272476959257951, 1, 39]);
    expect(random.normal()).toBeCloseTo(0.4860490162579296, 12); // engines may differ in the last bit of a logarithm
    expect(random.shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toEqual([2, 7, 1, 6, 0, 5, 4, 3]);
  });

  it('goes on where its state was taken', () => {
    const random = new Random(7);
    for (let i = 0; i < 10; i++) random.normal();
    const copy = Random.fromState(random.state());
    const fromJson = Random.fromState(JSON.parse(JSON.stringify(Array.from(random.state()))));
    const next = Array.from({ length: 50 }, () => random.normal());
    expect(Array.from({ length: 50 }, () => copy.normal())).toEqual(next);
    expect(Array.from({ length: 50 }, () => fromJson.normal())).toEqual(next);
    expect(() => Random.fromState([1, 2, 3])).toThrow('Random: expected a state of 4 words, got 3');
  });

  it('hands out a copy of its state', () => {
    const random = new Random(7);
    const state = random.state();
    state.fill(0);
    expect(random.state()).not.toEqual(state);
  });

  it('differs for neighbouring seeds', () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new Random(seed).uint32()));
    expect(firsts.size).toBe(1000);
  });

  it('is uniform in [0, 1) and below n', () => {
    const random = new Random(11);
    const counts = new Float64Array(10);
    const small = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) {
      counts[Math.floor(random.uniform() * 10)]++;
      small[random.below(7)]++;
    }
    expect(chiSquare(counts)).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
    expect(chiSquare(small)).toBeLessThan(22.5); // 6 degrees of freedom
    // Nothing is lost at the end of the range, where a plain remainder would be biased.
    const large = 3 * 2 ** 30;
    const upper = Array.from({ length: 4000 }, () => random.below(large)).filter((value) => value >= large / 2).length;
    expect(Math.abs(upper - 2000)).toBeLessThan(130);
  });

  it('is normal with mean 0 and variance 1', () => {
    const random = new Random(13);
    const values = Array.from({ length: 50_000 }, () => random.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
  });

  it('shuffles into every order equally often', () => {
    const random = new Random(17);
    const orders = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle([0, 1, 2, 3]).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare(Float64Array.from(orders.values()))).toBeLessThan(49.7); // 23 degrees of freedom
  });

  it('shuffles typed arrays in place', () => {
    const values = Uint32Array.from({ length: 100 }, (_, i) => i);
    expect(new Random(1).shuffle(values)).toBe(values);
    expect(Array.from(values)).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(Array.from(values).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

function chiSquare(counts: Float64Array): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
