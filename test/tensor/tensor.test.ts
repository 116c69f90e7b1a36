// Tensors on a device: contents of every element type, views, disposal.
import { describe, expect, it } from 'vitest';
import { DeviceMemoryError } from '../../src/device/index.js';
import { type DType, scope, Tensor } from '../../src/tensor/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

const SAMPLES: Record<DType, number[]> = {
  f32: [1.5, -0.25, 3.4e38, 0, -7],
  u32: [0, 1, 4294967295, 77, 5],
  i32: [-2147483648, -1, 0, 2147483647, 9],
  f16: [1, -0.5, 65504, 2 ** -24, 0.125],
  u8: [0, 255, 3, 128, 1],
};

describe.each(Object.keys(SAMPLES) as DType[])('a tensor of %s', (dtype) => {
  it.each([1, 2, 3, 4, 5])('returns the %d values written', async (length) => {
    const values = SAMPLES[dtype].slice(0, length);
    using tensor = Tensor.from(device, values, [length], dtype);
    const read = await tensor.read();
    expect(Array.from(read)).toEqual(dtype === 'f32' ? values.map(Math.fround) : values);
    expect(tensor.paddedBytes % 16).toBe(0);
  });

  it('is read as the array of its kind, and holds zeros where made so', async () => {
    using tensor = Tensor.zeros(device, [3, 7], dtype);
    const kinds = { f32: Float32Array, u32: Uint32Array, i32: Int32Array, f16: Float32Array, u8: Uint8Array };
    expect(await tensor.read()).toEqual(new kinds[dtype](21));
  });
});

describe('a tensor', () => {
  it('takes new values in place', async () => {
    using tensor = Tensor.from(device, [1, 2, 3], [3]);
    const buffer = tensor.buffer;
    expect(tensor.write(new Float64Array([4, 5, 6]))).toBe(tensor);
    expect(tensor.buffer).toBe(buffer);
    expect(Array.from(await tensor.read())).toEqual([4, 5, 6]);
  });

  it('is read as of the call, whatever is written or disposed after it', async () => {
    const tensor = Tensor.from(device, [1], [1]);
    const first = tensor.item();
    tensor.write([2]);
    const second = tensor.item();
    tensor.dispose();
    using reused = Tensor.from(device, [3], [1]);
    expect([await first, await second, await reused.item()]).toEqual([1, 2, 3]);
  });

  it('may have no elements or no dimensions', async () => {
    using empty = Tensor.zeros(device, [0, 3]);
    expect((await empty.read()).length).toBe(0);
    expect(empty.write([]).size).toBe(0);
    using scalar = Tensor.from(device, [7], []);
    expect([scalar.size, await scalar.item()]).toEqual([1, 7]);
  });

  it('is poisoned until written, in tests', async () => {
    using tensor = Tensor.empty(device, [5]);
    expect(Array.from(await tensor.read())).toEqual(new Array(5).fill(Number.NaN));
  });

  it('says what does not fit', async () => {
    using tensor = Tensor.zeros(device, [2, 3]);
    expect(() => tensor.write([1])).toThrow(new Error('tensor: expected 6 values for shape [2,3], got 1'));
    expect(() => tensor.view([4])).toThrow(new Error('view: expected 6 elements, got shape [4] (x [2,3])'));
    await expect(tensor.item()).rejects.toThrow(new Error('item: expected one element, got shape [2,3]'));
    for (const shape of [[-1], [1.5], [Number.NaN]]) {
      expect(() => Tensor.empty(device, shape)).toThrow(`shape: expected non-negative integers, got [${shape}]`);
    }
  });

  it('says what a program in JavaScript got wrong, and takes no memory for it', async () => {
    const { usedBytes } = device.memory();
    const make = (...given: unknown[]) => Tensor.from(device, ...(given as [number[], number[]]));
    expect(() => make([1, 2])).toThrow('shape: expected a list of extents, such as [3, 8], got undefined');
    expect(() => make([1, 2], [2], 'f64')).toThrow(
      'tensor: expected an element type among f32, u32, i32, f16, u8, got f64',
    );
    expect(() => make([[1], [2]], [2])).toThrow('tensor: expected a flat array of numbers, got one of arrays');
    expect(() => make([1, 2], [3])).toThrow('tensor: expected 3 values for shape [3], got 2');
    expect(device.memory().usedBytes).toBe(usedBytes);
    const words = Tensor.from(device, [1], [1], 'u32');
    await expect(words.readFloats()).rejects.toThrow('readFloats: expected a tensor of f32 or f16, got u32 [1]');
    words.dispose();
  });

  it('that is too large says how large, and what there is', () => {
    const most = device.limit('maxStorageBufferBindingSize');
    expect(() => Tensor.empty(device, [most, 4])).toThrow(DeviceMemoryError);
    expect(() => Tensor.empty(device, [most, 4])).toThrow(
      new RegExp(`^tensor \\[${most},4\\] f32: needs one buffer of .*iB, but this device binds at most .*iB; use a`),
    );
  });

  it('that could not be made, or filled, leaves no memory behind', () => {
    const before = device.memory().usedBytes;
    expect(() => scope(() => Tensor.from(device, [1, 2], [3]))).toThrow();
    expect(() => Tensor.empty(device, [-1])).toThrow();
    expect(device.memory().usedBytes).toBe(before);
  });
});

describe('a view', () => {
  it('shares the buffer, both ways', async () => {
    using tensor = Tensor.from(device, [1, 2, 3, 4, 5, 6], [2, 3]);
    using view = tensor.view([3, 2]);
    expect([view.shape, view.dtype, view.buffer]).toEqual([[3, 2], 'f32', tensor.buffer]);
    view.write([6, 5, 4, 3, 2, 1]);
    expect(Array.from(await tensor.read())).toEqual([6, 5, 4, 3, 2, 1]);
  });

  it('keeps the buffer alive; the last to go frees it', async () => {
    const before = device.memory().usedBytes;
    const tensor = Tensor.from(device, [1, 2], [2]);
    const view = tensor.view([1, 2]);
    const another = view.view([2]);
    tensor.dispose();
    view.dispose();
    expect(device.memory().usedBytes).toBeGreaterThan(before);
    expect(Array.from(await another.read())).toEqual([1, 2]);
    another.dispose();
    another.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });
});

describe('a disposed tensor', () => {
  it('refuses to be used', async () => {
    const tensor = Tensor.from(device, [1, 2], [1, 2]);
    tensor.dispose();
    const message = 'tensor [1,2] was used after it was disposed';
    expect(tensor.isDisposed).toBe(true);
    expect(() => tensor.buffer).toThrow(new Error(message));
    expect(() => tensor.slice).toThrow(message);
    expect(() => tensor.device).toThrow(message);
    expect(() => tensor.view([2])).toThrow(message);
    expect(() => tensor.write([1, 2])).toThrow(message);
    await expect(tensor.read()).rejects.toThrow(message);
  });

  it('is freed once, however often it is disposed', () => {
    const before = device.memory().usedBytes;
    const tensor = Tensor.zeros(device, [64]);
    tensor.dispose();
    tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('is what `using` leaves', () => {
    let kept: Tensor | undefined;
    {
      using tensor = Tensor.zeros(device, [1]);
      kept = tensor;
    }
    expect(kept.isDisposed).toBe(true);
  });
});
