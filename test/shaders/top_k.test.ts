// Selection by magnitude against a plain sort.

import { describe, expect, it } from 'vitest';
import { dropSmallest, growLargest, type TopK } from '../../src/shaders/index.js';
import { Random, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

interface Case {
  readonly values: Float32Array;
  /** 1 = in the set. */
  readonly set: Uint8Array;
  readonly count: number;
}

function randomSet(size: number, seed: number, share: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => (random.uniform() < share ? 1 : 0));
}

function pack(set: Uint8Array): Uint32Array {
  const bits = new Uint32Array(Math.ceil(set.length / 32));
  for (const [i, one] of set.entries()) if (one === 1) bits[i >>> 5] |= 1 << (i & 31);
  return bits;
}

/** Sorts all eligible positions: those of `count` extreme magnitudes, ascending. */
function reference({ values, set, count }: Case, which: 'grow' | 'drop'): number[] {
  const sign = which === 'grow' ? -1 : 1;
  const eligible = [...set.keys()].filter((i) => set[i] === (which === 'grow' ? 0 : 1));
  eligible.sort((a, b) => sign * (Math.abs(values[a]) - Math.abs(values[b])) || a - b);
  return eligible.slice(0, count).sort((a, b) => a - b);
}

async function check({ values, set, count }: Case, which: 'grow' | 'drop'): Promise<void> {
  const selected = reference({ values, set, count }, which);
  const expected = set.slice();
  for (const i of selected) expected[i] ^= 1;
  const tensors = [
    Tensor.from(device, values, [values.length]),
    Tensor.from(device, pack(set), [Math.ceil(values.length / 32)], 'u32'),
  ] as const;
  const result: TopK = which === 'grow' ? growLargest(...tensors, count) : dropSmallest(...tensors, count);
  expect(await result.bits.read()).toEqual(pack(expected));
  const read = await result.selected.read(selected.length);
  expect(read).toEqual(Float32Array.from(selected, (i) => values[i]));
  expect(await result.nonFinite.item()).toBe(0);
  for (const tensor of [...tensors, result.bits, result.selected, result.nonFinite]) tensor.dispose();
}

describe.each(['grow', 'drop'] as const)('%s', (which) => {
  it.each([1, 31, 32, 33, 1000, 8192, 8193, 20_011])('%d values', async (size) => {
    const values = normalValues(size, size);
    const set = randomSet(size, 1, 0.4);
    for (const count of [0, 1, Math.floor(size / 5), size, 2 * size]) await check({ values, set, count }, which);
  });

  it('breaks ties to the lowest position', async () => {
    const size = 20_000;
    for (const distinct of [1, 2, 5]) {
      const values = normalValues(size, 3).map((_, i) => (((i * 7919) % distinct) - 1) * (i % 3 === 0 ? -0.5 : 0.5));
      for (const count of [1, 777, 5000, 9000]) await check({ values, set: randomSet(size, 2, 0.5), count }, which);
    }
  });

  it('tells apart what differs in the last bit, and takes zeros and subnormals as they are', async () => {
    const bits = Uint32Array.from({ length: 3000 }, (_, i) => (i * 1237) % 1500);
    bits.set(
      Uint32Array.from({ length: 1000 }, (_, i) => 0x3f800000 + ((i * 331) % 1000)),
      1000,
    );
    const values = new Float32Array(bits.buffer);
    for (const count of [1, 400, 1200]) await check({ values, set: randomSet(3000, 4, 0.5), count }, which);
  });

  it('an empty and a full set', async () => {
    const values = normalValues(100, 5);
    for (const share of [0, 1]) await check({ values, set: randomSet(100, 6, share), count: 30 }, which);
  });

  it('2.4 million values', async () => {
    const size = 512 * 4608 + 5;
    const values = Float32Array.from({ length: size }, (_, i) => ((i * 2654435761) % 4294967296) / 4294967296 - 0.5);
    await check({ values, set: randomSet(size, 7, 0.1), count: Math.floor(size * 0.03) }, which);
  });
});

it('counts what is not finite, in the set or not', async () => {
  const values = normalValues(9000, 1);
  values[77] = Number.NaN;
  values[8500] = Number.POSITIVE_INFINITY;
  values[8501] = Number.NEGATIVE_INFINITY;
  const bits = Tensor.from(device, pack(randomSet(9000, 1, 0.5)), [282], 'u32');
  const result = growLargest(Tensor.from(device, values, [9000]), bits, 10);
  expect(await result.nonFinite.item()).toBe(3);
});

it('says what does not fit', () => {
  const values = Tensor.zeros(device, [33]);
  expect(() => growLargest(values, Tensor.zeros(device, [1], 'u32'), 3)).toThrow(
    'growLargest: expected bits u32 [2], got u32 [1]',
  );
  expect(() => dropSmallest(values, Tensor.zeros(device, [2], 'u32'), 0.5)).toThrow('expected count >= 0, got 0.5');
});
