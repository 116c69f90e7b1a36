// Nonstructured updates: RigL and SET.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { initialMask, type MaskUpdate, updateMask, updateMaskRandomly } from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/random.js';
import { count, expectSame, randomMatrix } from './support.js';

/** What holds for either: as many active as before, dropped and grown disjoint, and they account for the change. */
function checkUpdate(before: Uint8Array, { mask, dropped, grown }: MaskUpdate): void {
  expect(count(mask)).toBe(count(before));
  expect(count(dropped)).toBe(count(grown));
  expectSame(
    dropped,
    before.map((one, i) => one & ~mask[i]),
  );
  expectSame(
    grown,
    mask.map((one, i) => one & ~before[i]),
  );
}

describe('initialMask', () => {
  it('keeps the largest weights', () => {
    expect(Array.from(initialMask(Float32Array.of(1, -3, 2, 0.5, -2), 0.5))).toEqual([0, 1, 1, 0, 0]);
    expect(Array.from(initialMask(Float32Array.of(0, 1), 0))).toEqual([1, 1]);
  });

  it('refuses a sparsity outside [0, 1) and what is not a number', () => {
    for (const sparsity of [1, -0.5, Number.NaN]) {
      expect(() => initialMask(Float32Array.of(1), sparsity)).toThrow(
        new InputError(`initialMask: expected sparsity in [0, 1), got ${sparsity}`),
      );
    }
    expect(() => initialMask(Float32Array.of(1, Number.NaN), 0.5)).toThrow(
      new InputError('initialMask: expected finite values in weight, got NaN at index 1'),
    );
  });
});

describe('updateMask', () => {
  it('drops the smallest weights and grows where the gradient is largest', () => {
    const update = updateMask({
      mask: Uint8Array.of(1, 1, 1, 1, 0, 0, 0),
      weight: Float32Array.of(0.1, -4, 0.2, 3, 9, 9, 9),
      gradient: Float32Array.of(0.5, 9, 0, 9, 1, -3, 2),
      dropFraction: 0.5,
    });
    expect(update.candidates).toBe(2);
    expect(Array.from(update.dropped)).toEqual([1, 0, 1, 0, 0, 0, 0]);
    expect(Array.from(update.grown)).toEqual([0, 0, 0, 0, 0, 1, 1]);
  });

  it('leaves a weight alone that is dropped for its size and grown for its gradient', () => {
    const update = updateMask({
      mask: Uint8Array.of(1, 1, 0),
      weight: Float32Array.of(0.1, 5, 0),
      gradient: Float32Array.of(7, 0, 1),
      dropFraction: 0.5,
    });
    expect([update.candidates, count(update.dropped), count(update.grown)]).toEqual([1, 0, 0]);
    expect(Array.from(update.mask)).toEqual([1, 1, 0]);
  });

  it('keeps its promises over 300 random updates', () => {
    const random = new Random(13);
    for (let i = 0; i < 300; i++) {
      const n = 1 + random.below(200);
      const weight = randomMatrix(random, 1, n);
      const gradient = randomMatrix(random, 1, n);
      const mask = initialMask(weight, random.uniform());
      const dropFraction = [0, random.uniform(), 1][random.below(3)];
      const update = updateMask({ mask, weight: randomMatrix(random, 1, n), gradient, dropFraction });
      checkUpdate(mask, update);
      // No inactive position has a larger gradient than a grown one.
      const grown = gradient.filter((_, at) => update.grown[at] === 1).map(Math.abs);
      const left = gradient.filter((_, at) => mask[at] === 0 && update.mask[at] === 0).map(Math.abs);
      if (grown.length > 0) expect(Math.min(...grown)).toBeGreaterThanOrEqual(Math.max(0, ...left));
    }
  });
});

describe('updateMaskRandomly', () => {
  it('keeps its promises over 300 random updates', () => {
    const random = new Random(17);
    for (let i = 0; i < 300; i++) {
      const n = 1 + random.below(200);
      const weight = randomMatrix(random, 1, n);
      const mask = initialMask(weight, random.uniform());
      const update = updateMaskRandomly({
        mask,
        weight,
        dropFraction: random.uniform(),
        random: () => random.uniform(),
      });
      checkUpdate(mask, update);
    }
  });

  it.each(['RigL', 'SET'])('and over 1,000 updates of one layer in training: %s', (method) => {
    const random = new Random(23);
    const n = 300;
    let weight = randomMatrix(random, 1, n);
    let mask = initialMask(weight, 0.9);
    const active = count(mask);
    const explored = mask.slice();
    for (let i = 0; i < 1000; i++) {
      const options = { mask, weight, dropFraction: 0.3 };
      const update =
        method === 'RigL'
          ? updateMask({ ...options, gradient: randomMatrix(random, 1, n) })
          : updateMaskRandomly({ ...options, random: () => random.uniform() });
      checkUpdate(mask, update);
      // Survivors are trained on, grown weights start from 0.
      const noise = randomMatrix(random, 1, n);
      weight = weight.map((value, at) => {
        if (update.mask[at] === 0) return 0;
        return (update.grown[at] === 1 ? 0 : 0.9 * value) + 0.3 * noise[at];
      });
      mask = update.mask;
      for (let at = 0; at < n; at++) explored[at] |= mask[at];
    }
    expect(count(mask)).toBe(active);
    expect(count(explored)).toBe(n);
  });

  it('grows every inactive position equally often', () => {
    const random = new Random(19);
    const mask = Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0, 0, 0);
    const weight = Float32Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0);
    const chosen = new Array<number>(10).fill(0);
    const rounds = 8000;
    for (let i = 0; i < rounds; i++) {
      const update = updateMaskRandomly({ mask, weight, dropFraction: 0.5, random: () => random.uniform() });
      for (let at = 0; at < 10; at++) chosen[at] += update.mask[at];
    }
    expect(chosen.slice(2, 4)).toEqual([rounds, rounds]);
    // Two of the eight positions then inactive (the two just dropped among them): a quarter each, standard deviation 39.
    for (const at of [0, 1, 4, 5, 6, 7, 8, 9]) expect(Math.abs(chosen[at] - rounds / 4)).toBeLessThan(160);
  });

  it('refuses numbers outside [0, 1)', () => {
    const options = { mask: Uint8Array.of(1, 0), weight: Float32Array.of(1, 0), dropFraction: 1 };
    for (const draw of [1, -0.1, Number.NaN]) {
      expect(() => updateMaskRandomly({ ...options, random: () => draw })).toThrow(
        new InputError(`updateMaskRandomly: expected random() in [0, 1), got ${draw}`),
      );
    }
  });
});

it.each([
  [{ weight: new Float32Array(3) }, 'expected weight of length 2, got 3'],
  [{ gradient: new Float32Array(1) }, 'expected gradient of length 2, got 1'],
  [{ weight: Float32Array.of(1, Number.NaN) }, 'expected finite values in weight, got NaN at index 1'],
  [
    { gradient: Float32Array.of(Number.NEGATIVE_INFINITY, 0) },
    'expected finite values in gradient, got -Infinity at index 0',
  ],
  [{ dropFraction: 1.1 }, 'expected dropFraction in [0, 1], got 1.1'],
  [{ dropFraction: Number.NaN }, 'expected dropFraction in [0, 1], got NaN'],
])('updateMask refuses %o', (change, message) => {
  const valid = {
    mask: Uint8Array.of(1, 0),
    weight: new Float32Array(2),
    gradient: new Float32Array(2),
    dropFraction: 0.5,
  };
  expect(() => updateMask({ ...valid, ...change })).toThrow(new InputError(`updateMask: ${message}`));
});
