import { describe, expect, it } from 'vitest';
import { linear } from '../../src/shaders/linear/linear.js';
import { matmul } from '../../src/shaders/matmul/matmul.js';
import { Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** a [M,K] times b [K,N] in plain loops. */
function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const y = new Float64Array(m * n);
  for (let row = 0; row < m; row++)
    for (let column = 0; column < n; column++)
      for (let inner = 0; inner < k; inner++) y[row * n + column] += a[row * k + inner] * b[inner * n + column];
  return y;
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return a.map((_, i) => a[(i % rows) * columns + Math.floor(i / rows)]);
}

const SIZES = [
  [1, 1, 1],
  [2, 3, 5],
  [16, 16, 16],
  [17, 33, 65],
  [64, 64, 64],
  [10, 500, 12],
  [129, 7, 260],
];

describe('matmul', () => {
  it.each(SIZES)('%i x %i x %i', async (m, k, n) => {
    await checkOperation(device, {
      name: 'matmul',
      inputs: { a: [m, k], b: [k, n] },
      activations: ['b'],
      forward: ({ a, b }) => matmul(a, b),
      reference: ({ a, b }) => product(a, b, m, k, n),
      gradients: ({ a, b }, gradOutput) => ({
        a: product(gradOutput, transposed(b, k, n), m, n, k),
        b: product(transposed(a, m, k), gradOutput, k, m, n),
      }),
    });
  });

  it('says what does not fit', () => {
    const a = Tensor.zeros(device, [2, 3]);
    expect(() => matmul(a, Tensor.zeros(device, [4, 5]))).toThrow('matmul: expected 3 rows in b, got 4');
    expect(() => matmul(a, Tensor.zeros(device, [4]))).toThrow('expected two matrices');
  });
});

describe('linear', () => {
  it.each([
    [1, 1, 1],
    [7, 5, 3],
    [65, 17, 32],
  ])('%i features to %i, batch %i', async (features, out, batch) => {
    await checkOperation(device, {
      name: 'linear',
      inputs: { x: [features, batch], weight: [out, features], bias: [out] },
      activations: ['x'],
      forward: ({ x, weight, bias }) => linear(x, weight, bias),
      reference: ({ x, weight, bias }) =>
        product(weight, x, out, features, batch).map((value, i) => value + bias[Math.floor(i / batch)]),
    });
  });

  it('says what does not fit', () => {
    expect(() => linear(Tensor.zeros(device, [3, 2]), Tensor.zeros(device, [5, 4]))).toThrow(
      'linear: expected 4 features, got 3 (x [3,2], weight [5,4])',
    );
  });
});
