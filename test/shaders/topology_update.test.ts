// The kernels of topology updates against plain loops; test/train_gpu holds them together to the functions of src/sparse.

import { describe, expect, it } from 'vitest';
import {
  BlockTables,
  groupEnergies,
  keepCommon,
  keepingWorth,
  remapSlots,
  rowIntersections,
  unpackBits,
} from '../../src/shaders/index.js';
import { Random, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function randomSet(size: number, seed: number, share: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => (random.uniform() < share ? 1 : 0));
}

function packed(set: Uint8Array): Tensor {
  const bits = new Uint32Array(Math.ceil(set.length / 32));
  for (const [i, one] of set.entries()) if (one === 1) bits[i >>> 5] |= 1 << (i & 31);
  return Tensor.from(device, bits, [bits.length], 'u32');
}

describe('rowIntersections', () => {
  it.each([
    [1, 1],
    [1, 40],
    [5, 31],
    [16, 32],
    [17, 33],
    [40, 513],
    [33, 1024],
    [70, 1100],
  ])('%d x %d', async (rows, columns) => {
    const set = randomSet(rows * columns, rows, 0.3);
    const expected: number[] = [];
    for (let a = 0; a < rows; a++) {
      for (let b = 0; b <= a; b++) {
        let count = 0;
        for (let c = 0; c < columns; c++) count += set[a * columns + c] & set[b * columns + c];
        expected.push(count);
      }
    }
    expect(Array.from(await rowIntersections(packed(set), rows, columns).read())).toEqual(expected);
  });
});

describe('keepingWorth', () => {
  it('is the scaled weight squared where it survives, the scaled gradient squared elsewhere', async () => {
    // 6 x 7 in blocks of 4: two groups, the second of two rows; blocks of group 0: 1; of group 1: 2, the last of 3 columns.
    const none = 0xffffffff;
    const topology = {
      ...{ rows: 6, columns: 7, blockSize: 4 },
      groupRows: Uint32Array.of(3, 0, 5, 1, 2, 4, none, none),
      groupStart: Uint32Array.of(0, 1, 3),
      blockColumns: Uint32Array.of(6, 0, 2, 3, 1, 5, 4, 0, 6, 2, 3, none),
    };
    const tables = new BlockTables(device, topology);
    const [values, gradient] = [normalValues(48, 1), normalValues(42, 2)];
    const survives = randomSet(42, 3, 0.6);
    const scales = Float32Array.of(1.7, 0.3);
    const expected = gradient.map((g) => Math.fround(g * scales[1]) ** 2);
    for (let slot = 0; slot < 48; slot++) {
      const block = slot >> 4;
      const row = topology.groupRows[(block === 0 ? 0 : 4) + (slot % 4)];
      const column = topology.blockColumns[slot >> 2];
      if (row === none || column === none || survives[row * 7 + column] === 0) continue;
      expected[row * 7 + column] = Math.fround(values[slot] * scales[0]) ** 2;
    }
    const worth = keepingWorth({
      gradient: Tensor.from(device, gradient, [6, 7, 1, 1]),
      values: Tensor.from(device, values, [3, 4, 4]),
      tables,
      survivors: packed(survives),
      scales: Tensor.from(device, scales, [2]),
    });
    expect(await worth.read()).toEqual(expected);
  });
});

describe('groupEnergies', () => {
  it.each([
    [1, 3, 4],
    [10, 27, 4],
    [33, 130, 16],
    [64, 65, 8],
  ])('%d x %d in groups of %d rows', async (rows, columns, blockSize) => {
    const worth = normalValues(rows * columns, 5).map((value) => value * value);
    const random = new Random(6);
    const orders = [0, 1].map(() => random.shuffle(Array.from({ length: rows }, (_, row) => row)));
    const groups = Math.ceil(rows / blockSize);
    const expected = new Float32Array(2 * groups * columns);
    for (const [o, order] of orders.entries()) {
      for (const [slot, row] of order.entries()) {
        const first = (o * groups + Math.floor(slot / blockSize)) * columns;
        for (let c = 0; c < columns; c++) expected[first + c] += worth[row * columns + c];
      }
    }
    const ordersTensor = Tensor.from(device, Uint32Array.from(orders.flat()), [2, rows], 'u32');
    const energies = groupEnergies(Tensor.from(device, worth, [rows, columns]), ordersTensor, blockSize);
    expect(energies.shape).toEqual([2, groups, columns]);
    expect(await energies.read()).toEqual(expected);
  });
});

describe('remapSlots', () => {
  it.each([1, 5, 64, 1000])('%d slots', async (size) => {
    const values = normalValues(size, 7);
    const random = new Random(8);
    const sources = Uint32Array.from({ length: size }, () => (random.below(4) === 0 ? 0xffffffff : random.below(size)));
    const state = Tensor.from(device, values, [size, 1]);
    remapSlots(state, Tensor.from(device, sources, [size], 'u32'));
    expect(await state.read()).toEqual(
      Float32Array.from(sources, (source) => (source === 0xffffffff ? 0 : values[source])),
    );
  });
});

describe('sets of bits', () => {
  it.each([1, 3, 31, 32, 33, 130, 1001])('%d positions', async (size) => {
    const [before, after] = [randomSet(size, 9, 0.6), randomSet(size, 10, 0.6)];
    const mask = Tensor.empty(device, [size], 'u8');
    unpackBits(packed(after), mask);
    expect(await mask.read()).toEqual(after);
    const values = normalValues(size, 11).map((value, i) => (before[i] & after[i] ? value : Number.NaN));
    const x = Tensor.from(device, values, [size]);
    keepCommon(x, packed(before), packed(after));
    expect(await x.read()).toEqual(values.map((value, i) => (before[i] & after[i] ? value : 0)));
  });

  it('say what does not fit', () => {
    const bits = Tensor.zeros(device, [2], 'u32');
    expect(() => keepCommon(Tensor.zeros(device, [33]), bits, Tensor.zeros(device, [1], 'u32'))).toThrow(
      'keepCommon: expected after u32 [2], got u32 [1]',
    );
    expect(() => unpackBits(bits, Tensor.zeros(device, [65], 'u8'))).toThrow('unpackBits: expected bits u32 [3]');
    expect(() => rowIntersections(bits, 9, 9)).toThrow('rowIntersections: expected bits u32 [3], got u32 [2]');
    expect(() => remapSlots(Tensor.zeros(device, [3]), bits)).toThrow('remapSlots: expected sources u32 [3]');
    expect(() => groupEnergies(Tensor.zeros(device, [3, 4]), Tensor.zeros(device, [1, 4], 'u32'), 4)).toThrow(
      'groupEnergies: expected orders u32 [1,3], got u32 [1,4]',
    );
  });
});
