// Half floats and the bytes of every element type. Reference: IEEE 754, binary16.
import { describe, expect, it } from 'vitest';
import { bytesFromValues, floatToHalf, halfToFloat, valuesFromBytes } from '../../src/tensor/dtype.js';
import { Random } from '../../src/tensor/random.js';

const ALL_HALVES = Array.from({ length: 65536 }, (_, bits) => bits);
const isNaNHalf = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

/** The finite nonnegative halves are 0x0000 to 0x7bff, in the order of their values. */
const FINITE = ALL_HALVES.slice(0, 0x7c00).map(halfToFloat);

/** Nearest half by search, ties to the even one. */
function nearestHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  let [low, high] = [0, FINITE.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (FINITE[middle] <= magnitude) low = middle;
    else high = middle - 1;
  }
  if (low === FINITE.length - 1) return sign | low;
  const [below, above] = [magnitude - FINITE[low], FINITE[low + 1] - magnitude];
  return sign | (below < above || (below === above && low % 2 === 0) ? low : low + 1);
}

describe('halves', () => {
  it('mean what IEEE 754 says, at the corners', () => {
    expect([0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0x7bff, 0xc000].map(halfToFloat)).toEqual([
      2 ** -24,
      (1023 / 1024) * 2 ** -14,
      2 ** -14,
      1,
      0.333251953125,
      65504,
      -2,
    ]);
    expect([0x7c00, 0xfc00, 0x0000, 0x8000].map(halfToFloat)).toEqual([Infinity, -Infinity, 0, -0]);
  });

  it('ascend with their bits and are mirrored by the sign', () => {
    for (let bits = 1; bits < FINITE.length; bits++) {
      if (!(FINITE[bits] > FINITE[bits - 1]) || halfToFloat(bits | 0x8000) !== -FINITE[bits]) {
        throw new Error(`half 0x${bits.toString(16)} is ${FINITE[bits]}`);
      }
    }
  });

  it('survive the way to a number and back, all 65,536', () => {
    const changed = ALL_HALVES.filter((bits) =>
      isNaNHalf(bits) ? !isNaNHalf(floatToHalf(halfToFloat(bits))) : floatToHalf(halfToFloat(bits)) !== bits,
    );
    expect(changed).toEqual([]);
  });

  it('are rounded to nearest, ties to even, half way between any two and just beside', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits + 1 < FINITE.length; bits++) {
      const middle = (FINITE[bits] + FINITE[bits + 1]) / 2; // exact in float32
      const ulp = 2 ** Math.max(-149, Math.floor(Math.log2(middle)) - 23);
      for (const value of [middle, middle - ulp, middle + ulp]) {
        if (floatToHalf(value) !== nearestHalf(value) || floatToHalf(-value) !== nearestHalf(-value)) wrong.push(value);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('are rounded to nearest for random float32 numbers of every exponent', () => {
    const random = new Random(3);
    const bits = Uint32Array.from({ length: 50_000 }, () => random.uint32());
    const wrong = Array.from(new Float32Array(bits.buffer)).filter((value) =>
      Number.isNaN(value) ? !isNaNHalf(floatToHalf(value)) : floatToHalf(value) !== nearestHalf(value),
    );
    expect(wrong).toEqual([]);
  });

  it('overflow to infinity from half way past the largest', () => {
    expect([65519.99, 65520, -65520, Infinity].map(floatToHalf)).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00]);
  });
});

describe('bytes', () => {
  it.each([
    ['f32', [1.5, -0, 3e38], [1.5, -0, Math.fround(3e38)]],
    ['u32', [0, 1, 4294967295], [0, 1, 4294967295]],
    ['i32', [-2147483648, -1, 2147483647], [-2147483648, -1, 2147483647]],
    ['f16', [1, -0.1, 65504, 7], [1, -0.0999755859375, 65504, 7]],
    ['f16', [0.5], [0.5]],
    ['u8', [0, 128, 255], [0, 128, 255]],
    ['u8', [9, 8, 7, 6, 5], [9, 8, 7, 6, 5]],
  ] as const)('%s %j come back as %j, padded to whole words', (dtype, values, expected) => {
    const bytes = bytesFromValues(values, dtype);
    expect(bytes.byteLength % 4).toBe(0);
    const elementBytes = { f32: 4, u32: 4, i32: 4, f16: 2, u8: 1 }[dtype];
    const used = bytes.slice(0, values.length * elementBytes);
    expect(Array.from(bytes.slice(used.length))).toEqual(new Array(bytes.length - used.length).fill(0));
    expect(Array.from(valuesFromBytes(used, dtype))).toEqual(expected);
  });

  it('are those of the view, not of its whole buffer', () => {
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(Array.from(valuesFromBytes(bytesFromValues(view, 'f32'), 'f32'))).toEqual([2, 3]);
    expect(Array.from(bytesFromValues(Uint8Array.of(9, 1, 2, 9).subarray(1, 3), 'u8'))).toEqual([1, 2, 0, 0]);
  });
});
