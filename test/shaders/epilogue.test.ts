// What convolutions do with their sums before they store them: statistics for a BatchNorm that follows, and a residual connection.

import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { add } from '../../src/shaders/add/add.js';
import { batchNorm } from '../../src/shaders/batch_norm/batch_norm.js';
import { blockConv2d } from '../../src/shaders/block_conv2d/block_conv2d.js';
import { BlockTables } from '../../src/shaders/block_conv2d/block_tables.js';
import { conv2d } from '../../src/shaders/conv2d/conv2d.js';
import type { Conv2dOptions } from '../../src/shaders/conv2d/geometry.js';
import { takeStatistics } from '../../src/shaders/part_statistics.js';
import { type ActivationType, scope, sizeOf, Tensor } from '../../src/tensor/index.js';
import { randomTopology, toBlocks, toDense } from '../support/blocks.js';
import { checkOperation } from '../support/check_operation.js';
import { expectClose, normalValues } from '../support/compare.js';
import {
  CONVOLUTION_CASES,
  type ConvolutionCase,
  convolution,
  convolutionGradients,
  describeCase,
  outputSize,
  withBias,
} from '../support/convolution.js';
import { testDevice } from '../support/device.js';
import { checkAllTilings } from '../support/tilings.js';

const device = await testDevice();
const TYPES: readonly ActivationType[] = device.has('shader-f16') ? ['f32', 'f16'] : ['f32'];

/** Statistics are those of values before their rounding to f16. */
const HALF_TOLERANCE = 1e-3;

/** Several parts a row, the last shorter, in vec4s and in single elements; rows that fill no tile. */
const LARGE: readonly ConvolutionCase[] = [
  { inChannels: 3, outChannels: 37, height: 17, width: 19, batch: 36, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { inChannels: 4, outChannels: 18, height: 21, width: 20, batch: 7, kernel: [3, 3], stride: 2, padding: [0, 2] },
];
/** Few positions and many rows: threads side by side along the rows, whose moments come in several rounds in some tilings. */
const FEW: ConvolutionCase = { ...LARGE[0], outChannels: 70, height: 5, width: 5, batch: 4 };
const CASES = [...CONVOLUTION_CASES.slice(3, 5), ...CONVOLUTION_CASES.slice(8), ...LARGE];

/** A convolution of either kind with the same weight, zero outside of its blocks. */
interface Convolution {
  readonly weight: Parameter;
  readonly dense: Float64Array;
  run(x: Tensor, options: Conv2dOptions, bias?: Tensor): Tensor;
}

function denseConvolution(c: ConvolutionCase): Convolution {
  const shape = [c.outChannels, c.inChannels, ...c.kernel];
  const values = normalValues(sizeOf(shape), 7);
  const weight = new Parameter(Tensor.from(device, values, shape));
  const { stride, padding } = c;
  return {
    weight,
    dense: Float64Array.from(values),
    run: (x, options, bias) => conv2d(x, weight, { stride, padding, ...options, bias }),
  };
}

function blockConvolution(c: ConvolutionCase, blockSize: number): Convolution {
  const columns = c.inChannels * c.kernel[0] * c.kernel[1];
  const topology = randomTopology(c.outChannels, columns, blockSize, 0.4, blockSize + columns);
  const values = Float32Array.from(toBlocks(topology, normalValues(c.outChannels * columns, 7)));
  const tables = new BlockTables(device, topology, c.kernel);
  const weight = new Parameter(Tensor.from(device, values, [tables.numBlocks, blockSize, blockSize]));
  const { stride, padding } = c;
  return {
    weight,
    dense: toDense(topology, values),
    run: (x, options, bias) => blockConv2d(x, weight, tables, { stride, padding, ...options, bias }),
  };
}

const KINDS = [
  ['conv2d', denseConvolution],
  ...[5, 16, 32].map((size) => [`blocks of ${size}`, (c: ConvolutionCase) => blockConvolution(c, size)] as const),
] as const;
const KIND_CASES = KINDS.flatMap(([kind, make]) => CASES.map((c) => [kind, describeCase(c), c, make] as const));

function inputOf(c: ConvolutionCase, dtype: ActivationType = 'f32', offset = 0): Tensor {
  const shape = [c.inChannels, c.height, c.width, c.batch];
  return Tensor.from(
    device,
    normalValues(sizeOf(shape), 1).map((value) => value + offset),
    shape,
    dtype,
  );
}

/** Compares what was noted of `y` with means and squared deviations of what `y` holds. */
async function expectStatistics(y: Tensor, tolerance = y.dtype === 'f16' ? HALF_TOLERANCE : 1e-5): Promise<void> {
  const { partial, parts, partLength } = takeStatistics(y)!;
  const rows = y.shape[0];
  const length = y.size / rows;
  expect(parts).toBe(Math.ceil(length / partLength));
  expect(partial.shape).toEqual([parts, rows, 2]);
  const values = await y.read();
  const means = new Float64Array(parts * rows);
  const squares = new Float64Array(parts * rows);
  for (let part = 0; part < parts; part++)
    for (let row = 0; row < rows; row++) {
      const [start, end] = [part * partLength, Math.min((part + 1) * partLength, length)];
      const own = Float64Array.from(values.subarray(row * length + start, row * length + end));
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      means[part * rows + row] = mean;
      squares[part * rows + row] = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    }
  const noted = await partial.read();
  expectClose(
    noted.filter((_, i) => i % 2 === 0),
    means,
    y.dtype === 'f16' ? HALF_TOLERANCE : 1e-6,
    'means',
  );
  expectClose(
    noted.filter((_, i) => i % 2 === 1),
    squares,
    tolerance,
    'squared deviations',
  );
  partial.dispose();
}

describe('statistics of a convolution', () => {
  it.each(KIND_CASES)('%s, %s', async (_kind, _name, c, make) => {
    const { run } = make(c);
    for (const dtype of TYPES) await expectStatistics(run(inputOf(c, dtype), { statistics: true }));
  });

  it.each(KINDS)('%s, with every tiling', async (_kind, make) => {
    for (const c of [...LARGE, FEW]) {
      const { run } = make(c);
      await checkAllTilings(device, () => expectStatistics(run(inputOf(c), { statistics: true })));
    }
  });

  it.each(KINDS)('%s, keep their digits far from zero', async (_kind, make) => {
    for (const c of LARGE) {
      const { run } = make({ ...c, padding: [0, 0] });
      await expectStatistics(run(inputOf(c, 'f32', 1000), { statistics: true }), 2e-5);
    }
  });

  it.each(KINDS)('%s, are those with bias or addend', async (_kind, make) => {
    const [c] = LARGE;
    const { run } = make(c);
    const bias = Tensor.from(device, normalValues(c.outChannels, 3), [c.outChannels]);
    await expectStatistics(run(inputOf(c), { statistics: true }, bias));
    for (const dtype of TYPES) {
      const shape = [c.outChannels, ...outputSize(c), c.batch];
      const addend = Tensor.from(device, normalValues(sizeOf(shape), 4), shape, dtype);
      await expectStatistics(run(inputOf(c, dtype), { statistics: true, addend }));
    }
  });

  it.each(KINDS)('%s, give batchNorm the same as a pass over its input', async (_kind, make) => {
    for (const c of LARGE) {
      const { run, weight } = make(c);
      const train = async (statistics: boolean) => {
        const { outChannels } = c;
        const [scale, bias] = [2, 3].map(
          (seed) => new Parameter(Tensor.from(device, normalValues(outChannels, seed), [outChannels])),
        );
        const running = { mean: Tensor.zeros(device, [outChannels]), variance: Tensor.zeros(device, [outChannels]) };
        const x = new Parameter(inputOf(c, 'f32', 3));
        weight.clearGrad();
        const dispatches = device.counters().dispatches;
        const y = batchNorm(run(x, { statistics }), scale, bias, running, { training: true, momentum: 1 });
        const used = device.counters().dispatches - dispatches;
        backward(y, Tensor.from(device, normalValues(y.size, 4), y.shape));
        const grads = [x, weight, scale, bias].map((parameter) => parameter.grad!);
        const tensors = [y, running.mean, running.variance, ...grads];
        return { used, values: await Promise.all(tensors.map((tensor) => tensor.read())) };
      };
      const [fused, again, apart] = [await train(true), await train(true), await train(false)];
      expect(fused.values).toEqual(again.values);
      expect(fused.used).toBe(apart.used - 1);
      for (const [i, values] of fused.values.entries()) expectClose(values, apart.values[i], 1e-5, `tensor ${i}`);
    }
  });

  it('leave nothing behind', () => {
    const [c] = LARGE;
    const { run } = denseConvolution(c);
    const perChannel = Tensor.zeros(device, [c.outChannels]);
    const [mean, variance] = [0, 1].map(() => Tensor.zeros(device, [c.outChannels]));
    const running = { mean, variance };
    const x = inputOf(c);
    const bytesOf = (statistics: boolean) => {
      const before = device.memory().usedBytes;
      return scope(() => {
        const y = run(x, { statistics });
        batchNorm(y, perChannel, perChannel, running, { training: true });
        return device.memory().usedBytes - before;
      });
    };
    expect(bytesOf(true)).toBe(bytesOf(false));
    const y = scope(() => run(x, { statistics: true }));
    expect(takeStatistics(y)).toBeUndefined();
  });
});

describe('a convolution with an addend', () => {
  const cases = KIND_CASES.filter(([, , c]) => !LARGE.includes(c));

  it.each(cases)('%s, %s', async (_kind, name, c, make) => {
    const { run, dense } = make(c);
    const shape = [c.outChannels, ...outputSize(c), c.batch];
    await checkOperation(device, {
      name: `${name} and addend`,
      inputs: { x: [c.inChannels, c.height, c.width, c.batch], addend: shape },
      activations: ['x', 'addend'],
      forward: ({ x, addend }) => run(x, { addend }),
      reference: ({ x, addend }) => convolution(c, x, dense).map((value, i) => value + addend[i]),
      gradients: ({ x }, gradOutput) => ({
        x: convolutionGradients(c, x, dense, gradOutput).x,
        addend: gradOutput,
      }),
    });
  });

  it.each(KINDS)('%s, is the composition, bit for bit', async (_kind, make) => {
    for (const c of LARGE) {
      const { run, weight } = make(c);
      const shape = [c.outChannels, ...outputSize(c), c.batch];
      const train = async (fused: boolean) => {
        const x = new Parameter(inputOf(c));
        const addend = new Parameter(Tensor.from(device, normalValues(sizeOf(shape), 2), shape));
        weight.clearGrad();
        const y = fused ? run(x, { addend }) : add(run(x, {}), addend);
        backward(y, Tensor.from(device, normalValues(y.size, 4), y.shape));
        return Promise.all([y, x.grad!, addend.grad!, weight.grad!].map((tensor) => tensor.read()));
      };
      expect(await train(true)).toEqual(await train(false));
    }
  });

  it.each(KINDS)('%s, with a bias, too', async (_kind, make) => {
    const [c] = LARGE;
    const { run, dense } = make(c);
    const shape = [c.outChannels, ...outputSize(c), c.batch];
    const [x, bias, addend] = [inputOf(c), normalValues(c.outChannels, 3), normalValues(sizeOf(shape), 4)];
    const y = run(
      x,
      { addend: Tensor.from(device, addend, shape), statistics: true },
      Tensor.from(device, bias, [c.outChannels]),
    );
    const sums = withBias(convolution(c, Float64Array.from(await x.read()), dense), Float64Array.from(bias));
    expectClose(
      await y.read(),
      sums.map((value, i) => value + addend[i]),
      1e-5,
      'sum',
    );
    expect(takeStatistics(y)).toBeUndefined();
  });

  it('refuses another shape', () => {
    const [c] = LARGE;
    const addend = Tensor.zeros(device, [c.outChannels]);
    expect(() => denseConvolution(c).run(inputOf(c), { addend })).toThrow(
      'conv2d: expected addend f32 [37,17,19,36], got f32 [37]',
    );
    expect(() => blockConvolution(c, 16).run(inputOf(c), { addend })).toThrow('blockConv2d: expected addend f32');
  });
});
