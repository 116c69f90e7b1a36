// The kernels whose times are an adapter's peaks do what their operations are counted for.

import { describe, expect, it } from 'vitest';
import { kernel } from '../../src/device/index.js';
import {
  COPY_VECS,
  copyPeak,
  MULTIPLY_ADD_SUMS,
  multiplyAddFlops,
  multiplyAddPeak,
} from '../../src/shaders/peak/peak.js';
import { Tensor } from '../../src/tensor/index.js';
import { runKernel } from '../../src/testing/index.js';
import { peak_copy } from '../../src/wgsl.generated.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** As numbers that tell places apart, exactly. */
async function expectCopied(size: number, vecs: number): Promise<void> {
  const values = Float32Array.from({ length: size }, (_, i) => (i % 8191) - 4000);
  const x = Tensor.from(device, values, [size]);
  const y = Tensor.empty(device, [size]);
  copyPeak(x, y, vecs);
  const copied = await y.read();
  expect(values.findIndex((value, i) => value !== copied[i])).toBe(-1);
  x.dispose();
  y.dispose();
}

describe('copyPeak', () => {
  describe.each(COPY_VECS)('%i vec4s a thread', (vecs) => {
    it.each([4, 4 * 63, 4 * 65, 4 * 1001])('%i numbers', (size) => expectCopied(size, vecs));
  });

  it('in a grid of two dimensions', async () => {
    const x = normalValues(4 * 300, 3);
    const arrays = { x, y: new Float32Array(x.length).fill(Number.NaN) };
    const { y } = await runKernel(device, kernel(peak_copy), arrays, { count: 300, threads: 300 }, [2, 3]);
    expect(y).toEqual(x);
  });
});

/** In float64, chain by chain. */
function reference(x: Float64Array, sums: number, rounds: number, factor: number): Float64Array {
  return x.map((addend) => {
    let total = 0;
    for (let k = 0; k < sums; k++) {
      let sum = k * addend;
      for (let round = 0; round < rounds; round++) sum = sum * factor + addend;
      total += sum;
    }
    return total;
  });
}

describe.each(MULTIPLY_ADD_SUMS)('multiplyAddPeak, %i sums', (sums) => {
  it.each([false, true])('fused: %s', async (fused) => {
    for (const [size, rounds, factor] of [
      [4, 0, 0.5],
      [4 * 65, 1, -1.5],
      [4 * 1000, 7, 1.25],
    ]) {
      const values = normalValues(size, 2);
      const x = Tensor.from(device, values, [size]);
      const y = Tensor.empty(device, [size]);
      multiplyAddPeak(x, y, { sums, rounds, factor, fused });
      const expected = reference(Float64Array.from(values), sums, rounds, factor);
      expectClose(await y.read(), expected, 1e-6, `${size} numbers, ${rounds} rounds`);
      x.dispose();
      y.dispose();
    }
  });
});

it('counts two operations for each sum of each number in each round', () => {
  expect(multiplyAddFlops(12, { sums: 4, rounds: 10 })).toBe(2 * 12 * 4 * 10);
});

it('refuses tensors that do not fit', () => {
  const x = Tensor.zeros(device, [6]);
  expect(() => copyPeak(x, x, 1)).toThrow(
    'copyPeak: expected two tensors of one size, a multiple of 4, got [6] and [6]',
  );
});
