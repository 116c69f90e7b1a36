import { describe, expect, it } from 'vitest';
import { kernel } from '../../src/device/index.js';
import { fromNCHW, toNCHW } from '../../src/shaders/layout/layout.js';
import { Tensor } from '../../src/tensor/index.js';
import { transpose } from '../../src/wgsl.generated.js';
import { checkOperation } from '../support/check_operation.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

type Extents = readonly [batch: number, channels: number, height: number, width: number];

/** The order of dimensions changes, element by element. */
function batchLast(x: Float64Array, [batch, channels, height, width]: Extents): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          y[((c * height + row) * width + column) * batch + n] =
            x[((n * channels + c) * height + row) * width + column];
  return y;
}

function batchFirst(x: Float64Array, [batch, channels, height, width]: Extents): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          y[((n * channels + c) * height + row) * width + column] =
            x[((c * height + row) * width + column) * batch + n];
  return y;
}

const EXTENTS: Extents[] = [
  [1, 1, 1, 1],
  [1, 3, 5, 7],
  [6, 1, 1, 1],
  [2, 3, 4, 5],
  [32, 2, 4, 4],
  [33, 3, 1, 11],
  [64, 3, 8, 8],
  [130, 3, 5, 9],
];

describe.each(EXTENTS)('%i images [%i,%i,%i]', (...extents) => {
  const [batch, channels, height, width] = extents;

  it('fromNCHW', () =>
    checkOperation(device, {
      name: 'fromNCHW',
      inputs: { x: [batch, channels, height, width] },
      forward: ({ x }) => fromNCHW(x),
      reference: ({ x }) => batchLast(x, extents),
      gradients: (_, gradOutput) => ({ x: batchFirst(gradOutput, extents) }),
      tolerance: Number.MIN_VALUE, // Nothing is computed.
      gradTolerance: Number.MIN_VALUE,
    }));

  it('toNCHW', () =>
    checkOperation(device, {
      name: 'toNCHW',
      inputs: { x: [channels, height, width, batch] },
      forward: ({ x }) => toNCHW(x),
      reference: ({ x }) => batchFirst(x, extents),
      gradients: (_, gradOutput) => ({ x: batchLast(gradOutput, extents) }),
      tolerance: Number.MIN_VALUE,
      gradTolerance: Number.MIN_VALUE,
    }));
});

describe('layout', () => {
  it('gives the shapes of both sides', () => {
    const x = Tensor.zeros(device, [2, 3, 4, 5]);
    expect(fromNCHW(x).shape).toEqual([3, 4, 5, 2]);
    expect(toNCHW(x).shape).toEqual([5, 2, 3, 4]);
    expect(fromNCHW(Tensor.zeros(device, [0, 3, 4, 5])).shape).toEqual([3, 4, 5, 0]);
  });

  it('finds its tiles in a grid of several rows, as beyond 65535 tiles', async () => {
    const [rows, columns] = [40, 70]; // 2 x 3 tiles.
    const x = Tensor.from(
      device,
      Float32Array.from({ length: rows * columns }, (_, i) => i),
      [rows, columns],
    );
    const y = Tensor.empty(device, [columns, rows]);
    const params = { rows, columns, tiles_across: 3 };
    device.run(kernel(transpose), { x: x.slice, y: y.slice }, params, [2, 3]);
    const transposed = await y.read();
    expect(transposed.every((value, i) => value === (i % rows) * columns + Math.floor(i / rows))).toBe(true);
  });

  it('says what does not fit', () => {
    expect(() => fromNCHW(Tensor.zeros(device, [3, 4]))).toThrow('fromNCHW: expected x f32 [N,C,H,W], got f32 [3,4]');
    expect(() => toNCHW(Tensor.zeros(device, [1, 2, 3, 4], 'u8'))).toThrow(
      'toNCHW: expected x f32 [C,H,W,N], got u8 [1,2,3,4]',
    );
  });
});
