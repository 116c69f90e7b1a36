// Comparison of GPU results with float64 references.
import { expect } from 'vitest';
import { Random } from '../../src/tensor/random.js';

/** || actual - expected || / || expected ||, NaN if anything is NaN. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`compare: ${actual.length} values against ${expected.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
}

export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  const error = relativeError(actual, expected);
  expect(error, `${what}: relative error`).toBeLessThan(tolerance);
}

/** Standard normal values. */
export function normalValues(size: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Distinct, well separated values in random order: for max, where ties and near-ties have no gradient. */
export function distinctValues(size: number, seed: number): Float32Array {
  const values = Float32Array.from({ length: size }, (_, i) => (i + 0.5) / size - 0.5);
  return new Random(seed).shuffle(values);
}
