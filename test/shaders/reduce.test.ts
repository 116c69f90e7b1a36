import { describe, expect, it } from 'vitest';
import { addBias } from '../../src/shaders/add_bias/add_bias.js';
import { max, mean, sum } from '../../src/shaders/reduce/reduce.js';
import { sizeOf, Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { distinctValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** Folds the middle dimension of x [outer, length, inner]. */
function fold(x: Float64Array, shape: readonly number[], axis: number | undefined, combine: (all: number[]) => number) {
  const outer = axis === undefined ? 1 : sizeOf(shape.slice(0, axis));
  const length = axis === undefined ? sizeOf(shape) : shape[axis];
  const inner = axis === undefined ? 1 : sizeOf(shape.slice(axis + 1));
  return Float64Array.from({ length: outer * inner }, (_, i) => {
    const first = Math.floor(i / inner) * length * inner + (i % inner);
    return combine(Array.from({ length }, (_, step) => x[first + step * inner]));
  });
}

const total = (all: number[]) => all.reduce((a, b) => a + b, 0);

const CASES: [number[], number | undefined][] = [
  [[1], undefined],
  [[5, 7], undefined],
  [[5, 7], 0],
  [[5, 7], 1],
  [[3, 4, 5], 1],
  [[2, 3, 4, 5], 2],
  [[129, 2], 1],
  [[2, 129], 1],
  [[300], 0],
  [[70, 1, 65], 0],
];

describe.each(CASES)('reductions of %j over axis %s', (shape, axis) => {
  // Closed forms, since central differences of a maximum or of thousands of values say little.
  const spread = (gradOutput: Float64Array, share: (at: number, length: number, result: number) => number) => {
    const length = axis === undefined ? sizeOf(shape) : shape[axis];
    const inner = axis === undefined ? 1 : sizeOf(shape.slice(axis + 1));
    return Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
      const result = Math.floor(i / (length * inner)) * inner + (i % inner);
      return gradOutput[result] * share(i, length, result);
    });
  };

  it('sum', () =>
    checkOperation(device, {
      name: 'sum',
      inputs: { x: shape },
      activations: ['x'],
      forward: ({ x }) => sum(x, axis),
      reference: ({ x }) => fold(x, shape, axis, total),
      gradients: (_, gradOutput) => ({ x: spread(gradOutput, () => 1) }),
    }));

  it('mean', () =>
    checkOperation(device, {
      name: 'mean',
      inputs: { x: shape },
      activations: ['x'],
      forward: ({ x }) => mean(x, axis),
      reference: ({ x }) => fold(x, shape, axis, (all) => total(all) / all.length),
      gradients: (_, gradOutput) => ({ x: spread(gradOutput, (_i, length) => 1 / length) }),
    }));

  it('max', () =>
    checkOperation(device, {
      name: 'max',
      inputs: { x: shape },
      activations: ['x'],
      values: { x: distinctValues(sizeOf(shape), 1) },
      forward: ({ x }) => max(x, axis),
      reference: ({ x }) => fold(x, shape, axis, (all) => Math.max(...all)),
      gradients: ({ x }, gradOutput) => {
        const largest = fold(x, shape, axis, (all) => Math.max(...all));
        const found = new Set<number>();
        const isFirst = (i: number, result: number) =>
          x[i] === largest[result] && !found.has(result) && found.add(result) !== undefined;
        return { x: spread(gradOutput, (i, _length, result) => (isFirst(i, result) ? 1 : 0)) };
      },
    }));
});

describe('reductions', () => {
  it('sum rows too long for one workgroup, the same every time', async () => {
    const x = Tensor.from(device, distinctValues(3 * 20_011, 5), [3, 20_011]);
    const [first, second] = [await sum(x, 1).read(), await sum(x, 1).read()];
    const expected = fold(Float64Array.from(await x.read()), [3, 20_011], 1, total);
    for (const [row, value] of expected.entries()) expect(Math.abs(first[row] - value)).toBeLessThan(1e-2);
    expect(second).toEqual(first);
  });

  it.each([0, 1, 2, 3])('max is NaN wherever one is, here at %i', async (position) => {
    const values = [1, -2, 3, 2];
    values[position] = Number.NaN;
    expect([...(await max(Tensor.from(device, values, [4])).read())]).toEqual([Number.NaN]);
    const columns = Tensor.from(device, values, [4, 1, 1]);
    expect([...(await max(columns, 0).read())]).toEqual([Number.NaN]);
    const pairs = await max(Tensor.from(device, [...values, ...values], [4, 2]), 0).read();
    expect(pairs[position % 2]).toBeNaN();
    expect(pairs[1 - (position % 2)]).not.toBeNaN();
  });

  it('a tied maximum passes its gradient to the first', () =>
    checkOperation(device, {
      name: 'max',
      inputs: { x: [4] },
      activations: ['x'],
      values: { x: Float32Array.from([1, 3, 3, 2]) },
      forward: ({ x }) => max(x),
      reference: () => Float64Array.from([3]),
      gradients: (_, gradOutput) => ({ x: Float64Array.from([0, gradOutput[0], 0, 0]) }),
    }));

  it('say what does not fit', () => {
    const x = Tensor.zeros(device, [2, 3]);
    expect(() => sum(x, 2)).toThrow('sum: expected an axis of [2,3], got 2');
    expect(() => mean(Tensor.zeros(device, [0, 3]), 0)).toThrow('mean: expected at least one element');
  });
});

describe('addBias', () => {
  it.each([[[3, 5]], [[4, 8]], [[5, 3, 2, 4]], [[17, 1]], [[2, 7, 1, 3]]])('%j', async (shape) => {
    await checkOperation(device, {
      name: 'addBias',
      inputs: { x: shape, bias: [shape[0]] },
      activations: ['x'],
      forward: ({ x, bias }) => addBias(x, bias),
      reference: ({ x, bias }) => x.map((value, i) => value + bias[Math.floor(i / (x.length / shape[0]))]),
    });
  });

  it('says what does not fit', () => {
    const x = Tensor.zeros(device, [2, 3]);
    expect(() => addBias(x, Tensor.zeros(device, [3]))).toThrow('addBias: expected bias f32 [2], got f32 [3]');
  });
});
