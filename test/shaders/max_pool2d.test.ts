import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { maxPool2d } from '../../src/shaders/max_pool2d/max_pool2d.js';
import { sizeOf, Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { distinctValues, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';
import { describePoolCase, POOL_CASES, type PoolCase, poolOf, windows } from '../support/pooling.js';

const device = await testDevice();
const CASES = POOL_CASES.map((c) => [describePoolCase(c), c] as const);

/** Which index of a window holds its maximum; the first of equal ones. */
function firstMaximum(window: readonly number[], values: ArrayLike<number>): number {
  return window.reduce((best, at) => (values[at] > values[best] ? at : best));
}

/** The values and the gradient of x for a given gradient of the result. */
async function pooled(c: PoolCase, values: ArrayLike<number>, gradOutput?: ArrayLike<number>) {
  const x = new Parameter(Tensor.from(device, values, c.shape));
  const y = maxPool2d(x, poolOf(c));
  backward(y, Tensor.from(device, gradOutput ?? new Float32Array(y.size).fill(1), y.shape));
  return { y: Array.from(await y.read()), grad: Array.from(await x.grad!.read()) };
}

describe('maxPool2d', () => {
  it.each(CASES)('%s', (name, c) => {
    const held = windows(c);
    return checkOperation(device, {
      name,
      inputs: { x: c.shape },
      activations: ['x'],
      values: { x: distinctValues(sizeOf(c.shape), 1).map((value) => value - 2) }, // Below 0, the border of a sloppy kernel.
      forward: ({ x }) => maxPool2d(x, poolOf(c)),
      reference: ({ x }) => Float64Array.from(held, (window) => Math.max(...window.map((i) => x[i]))),
      gradients: ({ x }, gradOutput) => {
        const grad = new Float64Array(x.length);
        for (const [i, window] of held.entries()) grad[firstMaximum(window, x)] += gradOutput[i];
        return { x: grad };
      },
    });
  });

  it.each(CASES)('gives the gradient to the first of equal maxima, %s', async (_, c) => {
    const values = normalValues(sizeOf(c.shape), 1).map((value) => Math.round(value)); // Mostly ties.
    const held = windows(c);
    const gradOutput = held.map((_, i) => (i % 7) + 1);
    const expected = new Array(values.length).fill(0);
    for (const [i, window] of held.entries()) {
      expected[firstMaximum(window, values)] += gradOutput[i];
    }
    expect((await pooled(c, values, gradOutput)).grad).toEqual(expected);
  });

  it.each([1, 4])('passes on NaN, its gradient to the last one of a window, batch %i', async (batch) => {
    const repeated = (values: number[]) => values.flatMap((value) => new Array(batch).fill(value));
    const c = { shape: [1, 2, 6, batch], kernel: 2 };
    const nan = Number.NaN;
    const { y, grad } = await pooled(c, repeated([nan, 1, 2, nan, 5, 6, 3, 4, nan, 1, 7, 8]));
    expect(y).toEqual(repeated([nan, nan, 8]));
    expect(grad).toEqual(repeated([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1]));
  });

  it('finds infinite maxima', async () => {
    const c = { shape: [1, 3, 3, 1], kernel: 3, padding: 1, stride: 2 };
    const { y, grad } = await pooled(c, [-1 / 0, -1 / 0, 0, -1 / 0, -1 / 0, 1, 2, 1 / 0, 1 / 0]);
    expect(y).toEqual([-1 / 0, 1, 1 / 0, 1 / 0]);
    expect(grad).toEqual([1, 0, 0, 0, 0, 1, 0, 2, 0]);
  });

  it('says what does not fit', () => {
    const x = Tensor.zeros(device, [2, 4, 5, 3]);
    expect(() => maxPool2d(Tensor.zeros(device, [4, 5]), { kernel: 2 })).toThrow('maxPool2d: expected x [C,H,W,N]');
    expect(() => maxPool2d(x, { kernel: 0 })).toThrow(
      'maxPool2d: expected a kernel that is a whole number of at least 1, got 0',
    );
    expect(() => maxPool2d(x, { kernel: 2, stride: 0 })).toThrow(
      'expected a stride that is a whole number of at least 1, got 0',
    );
    expect(() => maxPool2d(x, { kernel: 3, padding: 2 })).toThrow('at most half the kernel (3), got 2');
    expect(() => maxPool2d(x, { kernel: 2, dilation: 2 } as never)).toThrow(
      'maxPool2d: expected options among kernel, stride, padding, got dilation',
    );
    expect(() => maxPool2d(x, { kernel: 5 })).toThrow(
      'expected a kernel no larger than the padded input, got a larger one (x [2,4,5,3], kernel 5, padding 0)',
    );
  });
});
