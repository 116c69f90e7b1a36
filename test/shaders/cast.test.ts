import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { cast } from '../../src/shaders/cast/cast.js';
import { floatToHalf, halfToFloat, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** Values that are normal as halves. */
function farFromZero(size: number): Float32Array {
  return normalValues(size, size).map((value) => value + Math.sign(value) * 2 ** -14);
}

/** Through f16 and back. */
function throughHalf(values: ArrayLike<number>) {
  return cast(cast(Tensor.from(device, values, [values.length]), 'f16'), 'f32').read();
}

describe('cast', () => {
  it.each([1, 2, 3, 4, 5, 8, 9, 257, 4096])('%i values to f16, to a unit in the last place', async (size) => {
    const values = farFromZero(size);
    const half = cast(Tensor.from(device, values, [size]), 'f16');
    expect(half.dtype).toBe('f16');
    const read = await half.read();
    for (let i = 0; i < size; i++) {
      const lastPlace = 2 ** (Math.floor(Math.log2(Math.abs(values[i]))) - 10);
      expect(Math.abs(read[i] - values[i])).toBeLessThan(lastPlace);
    }
  });

  it.each([1, 2, 3, 4, 5, 8, 9, 257, 4096])('%i halves to f32, exactly', async (size) => {
    const values = farFromZero(size).map((value) => halfToFloat(floatToHalf(value)));
    const x = Tensor.from(device, values, [size], 'f16');
    const y = cast(x, 'f32');
    expect(y.dtype).toBe('f32');
    expect(await y.read()).toEqual(values);
    expect(await throughHalf(values)).toEqual(values);
  });

  it('keeps every normal half', async () => {
    const values = Float32Array.from({ length: 2 * 30 * 1024 }, (_, i) =>
      halfToFloat(((i & 1) << 15) + 1024 + (i >> 1)),
    );
    expect(await throughHalf(values)).toEqual(values);
  });

  it('subnormal halves stay or become zero', async () => {
    const values = Float32Array.from({ length: 1024 }, (_, i) => halfToFloat(i));
    const read = await throughHalf(values);
    for (let i = 0; i < 1024; i++) expect([0, values[i]]).toContain(read[i]);
  });

  it('zeros keep their sign; what is too large becomes infinite; NaN stays', async () => {
    const { POSITIVE_INFINITY: infinite } = Number;
    const values = [0, -0, 65504, -65504, 65519, 65520, -65536, 3e38, infinite, -infinite, Number.NaN];
    const read = await throughHalf(values);
    expect([...read.slice(0, 5)]).toEqual([0, -0, 65504, -65504, 65504]);
    expect([...read.slice(5)]).toEqual([infinite, -infinite, infinite, infinite, -infinite, Number.NaN]);
  });

  it('keeps the shape, and the buffer where nothing changes', () => {
    const x = Tensor.zeros(device, [2, 3]);
    expect(cast(x, 'f16').shape).toEqual([2, 3]);
    expect(cast(x, 'f32').buffer).toBe(x.buffer);
  });

  it.each(['f16', 'f32'] as const)('casts the gradient back from %s', async (dtype) => {
    using x = new Parameter(Tensor.from(device, [1, 2, 3], [3]));
    const gradOutput = Tensor.from(device, [0.5, -4, 65504], [3], dtype);
    backward(cast(x, dtype), gradOutput);
    expect(x.grad!.dtype).toBe('f32');
    expect([...(await x.grad!.read())]).toEqual([0.5, -4, 65504]);
  });

  it('says what does not fit', () => {
    expect(() => cast(Tensor.zeros(device, [2], 'u32'), 'f32')).toThrow('cast: expected f32 or f16, got u32');
  });
});
