import { describe, expect, it } from 'vitest';
import { avgPool2d, globalAvgPool2d } from '../../src/shaders/avg_pool2d/avg_pool2d.js';
import { Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { testDevice } from '../support/device.js';
import { describePoolCase, POOL_CASES, poolOf, windows } from '../support/pooling.js';

const device = await testDevice();

describe('avgPool2d', () => {
  it.each(POOL_CASES.map((c) => [describePoolCase(c), c] as const))('%s', (name, c) => {
    const held = windows(c);
    return checkOperation(device, {
      name,
      inputs: { x: c.shape },
      activations: ['x'],
      forward: ({ x }) => avgPool2d(x, poolOf(c)),
      reference: ({ x }) =>
        Float64Array.from(held, (window) => window.reduce((sum, i) => sum + x[i], 0) / c.kernel ** 2),
    });
  });

  it('says what does not fit', () => {
    const x = Tensor.zeros(device, [2, 4, 5, 3]);
    expect(() => avgPool2d(x, { kernel: 2, padding: 2 })).toThrow('avgPool2d: expected padding of at most half');
    expect(() => avgPool2d(x, { kernel: 6, padding: 0 })).toThrow('avgPool2d: expected a kernel no larger than');
  });
});

describe('globalAvgPool2d', () => {
  it.each([{ shape: [1, 1, 1, 1] }, { shape: [3, 5, 2, 1] }, { shape: [2, 4, 4, 8] }, { shape: [5, 3, 7, 9] }])(
    '$shape',
    ({ shape }) => {
      const [channels, height, width, batch] = shape;
      const pixels = height * width;
      return checkOperation(device, {
        name: 'globalAvgPool2d',
        inputs: { x: shape },
        activations: ['x'],
        forward: ({ x }) => globalAvgPool2d(x),
        reference: ({ x }) => {
          const y = new Float64Array(channels * batch);
          for (let i = 0; i < x.length; i++) {
            y[Math.floor(i / (pixels * batch)) * batch + (i % batch)] += x[i] / pixels;
          }
          return y;
        },
      });
    },
  );

  it('gives [C,N] and refuses other inputs', () => {
    expect(globalAvgPool2d(Tensor.zeros(device, [3, 2, 2, 5])).shape).toEqual([3, 5]);
    expect(() => globalAvgPool2d(Tensor.zeros(device, [3, 2]))).toThrow('globalAvgPool2d: expected x [C,H,W,N]');
  });
});
