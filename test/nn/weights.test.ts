// The three forms of a weight: each convolves as the dense weight of its mask does, before and after another topology.

import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { BlockWeight, DenseWeight, MaskedWeight, type Weight } from '../../src/nn/index.js';
import { initialTopology, packBits, remapSlots, remapValues, ShuffledBlocks } from '../../src/sparse/index.js';
import { keep, scope, Tensor } from '../../src/tensor/index.js';
import { expectClose, normalValues } from '../support/compare.js';
import { type ConvolutionCase, convolution, convolutionGradients, outputSize } from '../support/convolution.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

interface WeightCase {
  readonly name: string;
  readonly shape: readonly number[];
  readonly convolution: ConvolutionCase;
}

/** Rows and columns that blocks of 4 divide, and that they do not; a linear layer is a 1x1 kernel of one pixel. */
const CASES: WeightCase[] = [
  {
    name: 'convolution 8->12, stride 2',
    shape: [12, 8, 3, 3],
    convolution: {
      ...{ inChannels: 8, outChannels: 12, height: 7, width: 6, batch: 3 },
      ...{ kernel: [3, 3], stride: 2, padding: [1, 1] },
    },
  },
  {
    name: 'convolution 3->10, padded blocks',
    shape: [10, 3, 3, 3],
    convolution: {
      ...{ inChannels: 3, outChannels: 10, height: 5, width: 5, batch: 4 },
      ...{ kernel: [3, 3], stride: 1, padding: [0, 0] },
    },
  },
  {
    name: 'linear 21->10',
    shape: [10, 21],
    convolution: {
      ...{ inChannels: 21, outChannels: 10, height: 1, width: 1, batch: 8 },
      ...{ kernel: [1, 1], stride: 1, padding: [0, 0] },
    },
  },
];

function blocksOf({ shape }: WeightCase, values: Float32Array): ShuffledBlocks {
  const columns = values.length / shape[0];
  return initialTopology(values, { rows: shape[0], columns, blockSize: 4, sparsity: 0.6 });
}

/** The dense gradient [O,K] of a weight's parameter; a block weight's slots of padding must have none. */
async function denseGradient(weight: Weight): Promise<Float32Array> {
  const values = (await weight.parameter.grad!.read()) as Float32Array;
  if (!(weight instanceof BlockWeight)) return values;
  const dense = weight.blocks.withValues(values).toDense();
  const count = (array: Float32Array) => array.reduce((sum, value) => sum + (value !== 0 ? 1 : 0), 0);
  expect(count(values), 'gradients of padding').toBe(count(dense));
  return dense;
}

/** Forward and both gradients against the float64 convolution of `dense`; where `mask` is 0 the gradient is exactly 0. */
async function checkWeight(weight: Weight, c: ConvolutionCase, dense: Float32Array, mask: Uint8Array): Promise<void> {
  expectClose(await weight.readDense(), dense, 1e-12, 'readDense');
  expect(weight.numActive).toBe(mask.reduce((sum, one) => sum + one, 0));
  const xShape = [c.inChannels, c.height, c.width, c.batch];
  const x = normalValues(
    xShape.reduce((a, b) => a * b),
    7,
  );
  const gradOutput = normalValues(c.outChannels * outputSize(c)[0] * outputSize(c)[1] * c.batch, 8);
  const input = new Parameter(Tensor.from(device, x, xShape));
  const y = scope(() => {
    const output = weight.convolve(input, { stride: c.stride, padding: c.padding[0] });
    backward(output, Tensor.from(device, gradOutput, output.shape));
    return output;
  });
  const doubles = [Float64Array.from(x), Float64Array.from(dense), Float64Array.from(gradOutput)] as const;
  const expected = convolutionGradients(c, ...doubles);
  expectClose(await y.read(), convolution(c, doubles[0], doubles[1]), 1e-5, 'forward');
  expectClose(await input.grad!.read(), expected.x, 1e-4, 'gradient of x');
  const gradient = await denseGradient(weight);
  const maskedGradient = expected.weight.map((value, i) => value * mask[i]);
  expectClose(gradient, maskedGradient, 1e-4, 'gradient of the weight');
  expect(gradient.every((value, i) => mask[i] === 1 || value === 0)).toBe(true);
  y.dispose();
  input.dispose();
  weight.parameter.clearGrad();
}

describe.each(CASES)('$name', (weightCase) => {
  const { shape, convolution: c } = weightCase;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = normalValues(size, 1);
  const others = normalValues(size, 2);
  const mask = Uint8Array.from(normalValues(size, 3), (value) => (value > 0.5 ? 1 : 0));
  const otherMask = Uint8Array.from(normalValues(size, 4), (value) => (value > 0.5 ? 1 : 0));

  it('dense', async () => {
    const weight = new DenseWeight(device, values, shape);
    await checkWeight(weight, c, values, new Uint8Array(size).fill(1));
    weight.dispose();
  });

  it('masked, and with another mask', async () => {
    const weight = new MaskedWeight(device, values, shape, mask);
    const masked = (dense: Float32Array, by: Uint8Array) => dense.map((value, i) => (by[i] === 1 ? value : 0));
    await checkWeight(weight, c, masked(values, mask), mask);
    const { parameter } = weight;
    const state = Tensor.from(device, others, shape);
    weight.move(packBits(otherMask), [state]);
    expect(weight.parameter).toBe(parameter);
    expect(weight.mask).toEqual(otherMask);
    expect(weight.numActive).toBe(otherMask.filter((one) => one === 1).length);
    await checkWeight(weight, c, masked(masked(values, mask), otherMask), otherMask);
    expect(await state.read()).toEqual(masked(masked(others, mask), otherMask));
    state.dispose();
    weight.dispose();
  });

  it('in blocks, and with another topology', async () => {
    const blocks = blocksOf(weightCase, values);
    const weight = new BlockWeight(device, shape, blocks);
    await checkWeight(weight, c, blocks.toDense(), blocks.toMask());
    const other = blocksOf(weightCase, others);
    expect(other.numBlocks).toBe(blocks.numBlocks);
    expect(other.toMask()).not.toEqual(blocks.toMask());
    const { parameter } = weight;
    const state = Tensor.from(device, blocks.fromDense(others).values, parameter.shape);
    weight.move(other, remapSlots(blocks, other), [state]);
    expect(weight.parameter).toBe(parameter);
    const moved = (before: ShuffledBlocks) => other.withValues(remapValues(blocks, other, before.values));
    await checkWeight(weight, c, moved(blocks).toDense(), other.toMask());
    expect(await state.read()).toEqual(moved(blocks.fromDense(others)).values);
    state.dispose();
    weight.dispose();
  });

  it.each(['masked', 'blocks'])('%s: hands out the dense gradient where asked', async (form) => {
    const blocks = blocksOf(weightCase, values);
    const weight =
      form === 'masked' ? new MaskedWeight(device, values, shape, mask) : new BlockWeight(device, shape, blocks);
    const dense = await weight.readDense();
    const x = normalValues(c.inChannels * c.height * c.width * c.batch, 7);
    let seen: Tensor | undefined;
    weight.onDenseGradient = (gradient) => {
      seen = keep(gradient.view(shape));
    };
    const gradOutput = normalValues(c.outChannels * outputSize(c)[0] * outputSize(c)[1] * c.batch, 8);
    scope(() => {
      const input = Tensor.from(device, x, [c.inChannels, c.height, c.width, c.batch]);
      const y = weight.convolve(input, { stride: c.stride, padding: c.padding[0] });
      backward(y, Tensor.from(device, gradOutput, y.shape));
    });
    const { weight: expected } = convolutionGradients(
      c,
      Float64Array.from(x),
      Float64Array.from(dense),
      Float64Array.from(gradOutput),
    );
    expectClose(await seen!.read(), expected, 1e-4, 'dense gradient');
    seen!.dispose();
    weight.dispose();
  });
});

it('a block weight refuses a topology of another number of blocks', () => {
  const values = normalValues(12 * 16, 1);
  const topology = (sparsity: number) => initialTopology(values, { rows: 12, columns: 16, blockSize: 4, sparsity });
  const weight = new BlockWeight(device, [12, 16], topology(0.5));
  expect(() => weight.move(topology(0.75), new Uint32Array(96), [])).toThrow(
    'BlockTables: expected 6 blocks of 4 for 12x16, got 3 of 4 for 12x16',
  );
  expect(weight.pattern).toBe('6 blocks of 4');
  expect(weight.blocks).toBeInstanceOf(ShuffledBlocks);
  weight.dispose();
});
