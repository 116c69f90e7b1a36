// Convolutions whose input is used elsewhere too: gradInput adds what was gathered as it stores, and needs no pass for the sum.

import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { add, BlockTables, blockConv2d, cast, conv2d, mul, sum } from '../../src/shaders/index.js';
import { type ActivationType, scope, Tensor } from '../../src/tensor/index.js';
import { randomTopology } from '../support/blocks.js';
import { expectClose, normalValues } from '../support/compare.js';
import { CONVOLUTION_CASES, type ConvolutionCase, describeCase, windowOf } from '../support/convolution.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
/** With a block's worth of columns. */
const CASES = CONVOLUTION_CASES.filter((c) => c.inChannels * c.kernel[0] * c.kernel[1] >= 4);

/** Gradients of x, which goes to the convolution, to a product with other numbers, or to both; and the backward pass's kernels. */
async function gradients(c: ConvolutionCase, dtype: ActivationType, convolve: (x: Tensor) => Tensor) {
  const shape = [c.inChannels, c.height, c.width, c.batch];
  const start = new Parameter(Tensor.from(device, normalValues(c.inChannels * c.height * c.width * c.batch, 1), shape));
  const weighted = (y: Tensor, seed: number) => {
    return cast(sum(mul(y, cast(Tensor.from(device, normalValues(y.size, seed), y.shape), dtype))), 'f32');
  };
  const run = (isConvolved: boolean, isMultiplied: boolean) =>
    scope(() => {
      const x = mul(cast(start, dtype), cast(Tensor.from(device, new Float32Array(start.size).fill(1), shape), dtype));
      // The convolution first, as in a residual block, so that its backward pass comes last.
      const y = isConvolved ? weighted(convolve(x), 2) : undefined;
      const z = isMultiplied ? weighted(x, 3) : undefined;
      const recording = device.record(() => backward(y && z ? add(y, z) : (y ?? z)!));
      device.replay(recording);
      const values = start.grad!.read();
      start.clearGrad();
      return { values, kernels: recording.kernels.map(({ path }) => path) };
    });
  const [both, convolved, multiplied] = [run(true, true), run(true, false), run(false, true)];
  expect(both.kernels.filter((path) => path.includes('gradient_sum'))).toEqual([]);
  const [own, others] = [await convolved.values, await multiplied.values];
  return { total: await both.values, expected: own.map((value, i) => value + others[i]) };
}

function dense(c: ConvolutionCase) {
  const shape = [c.outChannels, c.inChannels, ...c.kernel];
  const weight = Tensor.from(
    device,
    normalValues(
      shape.reduce((a, b) => a * b),
      4,
    ),
    shape,
  );
  return (x: Tensor) => conv2d(x, weight, windowOf(c));
}

function blocks(c: ConvolutionCase) {
  const columns = c.inChannels * c.kernel[0] * c.kernel[1];
  const tables = new BlockTables(device, randomTopology(c.outChannels, columns, 4, 0.4, columns), c.kernel);
  const shape = [tables.numBlocks, 4, 4];
  const values = Tensor.from(device, normalValues(tables.numBlocks * 16, 4), shape);
  return (x: Tensor) => blockConv2d(x, values, tables, windowOf(c));
}

describe.each([
  ['conv2d', dense],
  ['blockConv2d', blocks],
] as const)('%s', (_, convolution) => {
  it.each(CASES.map((c) => [describeCase(c), c] as const))('gives the sum, bit for bit in f32, %s', async (_, c) => {
    const { total, expected } = await gradients(c, 'f32', convolution(c));
    expect(total).toEqual(expected);
  });

  it.runIf(device.has('shader-f16'))('gives the sum in f16', async () => {
    const { total, expected } = await gradients(CONVOLUTION_CASES[5], 'f16', convolution(CONVOLUTION_CASES[5]));
    expectClose(total, expected, 1e-3, 'f16');
  });
});
