import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { blockConv2d } from '../../src/shaders/block_conv2d/block_conv2d.js';
import { BlockTables } from '../../src/shaders/block_conv2d/block_tables.js';
import { blockLinear } from '../../src/shaders/block_linear/block_linear.js';
import { conv2d } from '../../src/shaders/conv2d/conv2d.js';
import { scope, Tensor } from '../../src/tensor/index.js';
import { randomTopology, toBlocks, toDense } from '../support/blocks.js';
import { checkOperation } from '../support/check_operation.js';
import { expectClose, normalValues } from '../support/compare.js';
import {
  biasGradient,
  CONVOLUTION_CASES,
  type ConvolutionCase,
  convolution,
  convolutionGradients,
  describeCase,
  windowOf,
  withBias,
} from '../support/convolution.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** Cases with at least one block's worth of columns, for each block size, O and K multiples of it or not. */
const CASES = [4, 5, 8, 16, 32].flatMap((blockSize) =>
  CONVOLUTION_CASES.filter((c) => c.inChannels * c.kernel[0] * c.kernel[1] >= blockSize).map(
    (c) => [blockSize, describeCase(c), c] as const,
  ),
);

function setUp(c: ConvolutionCase, blockSize: number) {
  const columns = c.inChannels * c.kernel[0] * c.kernel[1];
  const topology = randomTopology(c.outChannels, columns, blockSize, 0.4, blockSize + columns);
  const values = Float32Array.from(toBlocks(topology, normalValues(c.outChannels * columns, 7)));
  return { topology, values, tables: new BlockTables(device, topology, c.kernel) };
}

describe('blockConv2d', () => {
  it.each(CASES)('blocks of %i, %s', async (blockSize, name, c) => {
    const { topology, values, tables } = setUp(c, blockSize);
    await checkOperation(device, {
      name: `${name} blocks of ${blockSize}`,
      inputs: {
        x: [c.inChannels, c.height, c.width, c.batch],
        values: [tables.numBlocks, blockSize, blockSize],
      },
      activations: ['x'],
      values: { values },
      forward: (inputs) => blockConv2d(inputs.x, inputs.values, tables, windowOf(c)),
      reference: (inputs) => convolution(c, inputs.x, toDense(topology, inputs.values)),
      gradients: (inputs, gradOutput) => {
        const grads = convolutionGradients(c, inputs.x, toDense(topology, inputs.values), gradOutput);
        return { x: grads.x, values: toBlocks(topology, grads.weight) };
      },
    });
    tables.dispose();
  });

  it.each([CASES[1], CASES.at(-1)!])('with a bias, blocks of %i, %s', async (blockSize, name, c) => {
    const { topology, values, tables } = setUp(c, blockSize);
    await checkOperation(device, {
      name: `${name} blocks of ${blockSize}`,
      inputs: {
        x: [c.inChannels, c.height, c.width, c.batch],
        values: [tables.numBlocks, blockSize, blockSize],
        bias: [c.outChannels],
      },
      activations: ['x'],
      values: { values },
      forward: ({ x, values, bias }) => blockConv2d(x, values, tables, { ...windowOf(c), bias }),
      reference: ({ x, values, bias }) => withBias(convolution(c, x, toDense(topology, values)), bias),
      gradients: ({ x, values }, gradOutput) => {
        const grads = convolutionGradients(c, x, toDense(topology, values), gradOutput);
        const bias = biasGradient(gradOutput, c.outChannels);
        return { x: grads.x, values: toBlocks(topology, grads.weight), bias };
      },
    });
    tables.dispose();
  });

  it('gives the dense gradient when asked, and equals the dense convolution of the masked weight', async () => {
    const c = { ...CONVOLUTION_CASES[4], stride: 2, padding: [1, 1] as const };
    const { topology, values, tables } = setUp(c, 8);
    const x = new Parameter(Tensor.from(device, normalValues(17 * 25 * 8, 1), [17, 5, 5, 8]));
    const blocks = new Parameter(Tensor.from(device, values, [tables.numBlocks, 8, 8]));
    const dense = new Parameter(Tensor.from(device, toDense(topology, values), [33, 17, 3, 3]));
    let growth: Promise<ArrayLike<number>> | undefined;
    const [sparse, plain] = scope(() => {
      const onDenseGradient = (gradient: Tensor) => {
        growth = gradient.read();
      };
      const y = blockConv2d(x, blocks, tables, { ...windowOf(c), onDenseGradient });
      const gradOutput = Tensor.from(device, normalValues(y.size, 2), y.shape);
      backward(y, gradOutput);
      const reference = conv2d(x, dense, windowOf(c));
      backward(reference, gradOutput);
      return [y.read(), reference.read()];
    });
    expectClose(await sparse, await plain, 1e-6, 'forward');
    expectClose((await growth)!, await dense.grad!.read(), 1e-6, 'dense gradient');
    expectClose(await blocks.grad!.read(), toBlocks(topology, await dense.grad!.read()), 1e-5, 'kept gradient');
  });

  it('follows tables that are rewritten, and refuses other sizes', async () => {
    const c = CONVOLUTION_CASES[2];
    const { topology, values, tables } = setUp(c, 8);
    const moved = { ...topology, groupRows: topology.groupRows.slice().reverse() };
    tables.write(moved);
    const xValues = normalValues(4 * 64 * 4, 3);
    const y = blockConv2d(
      Tensor.from(device, xValues, [4, 8, 8, 4]),
      Tensor.from(device, values, [tables.numBlocks, 8, 8]),
      tables,
      windowOf(c),
    );
    const expected = convolution(c, Float64Array.from(xValues), toDense(moved, values));
    expectClose(await y.read(), expected, 1e-5, 'after the update');
    const fewer = { ...topology, blockColumns: topology.blockColumns.slice(8) };
    expect(() => tables.write(fewer)).toThrow(`expected ${tables.numBlocks} blocks of 8`);
  });

  it('repeats bit for bit', async () => {
    const c = CONVOLUTION_CASES[5];
    const { values, tables } = setUp(c, 16);
    const run = async () => {
      const x = new Parameter(Tensor.from(device, normalValues(6 * 110 * 12, 1), [6, 10, 11, 12]));
      const blocks = new Parameter(Tensor.from(device, values, [tables.numBlocks, 16, 16]));
      const y = blockConv2d(x, blocks, tables, windowOf(c));
      backward(y, Tensor.from(device, normalValues(y.size, 2), y.shape));
      return [await y.read(), await x.grad!.read(), await blocks.grad!.read()];
    };
    expect(await run()).toEqual(await run());
  });
});

describe('blockLinear', () => {
  it.each([
    [4, 16, 10, 3],
    [8, 65, 33, 32],
    [16, 500, 10, 64],
    [32, 100, 130, 5],
    [40, 100, 90, 8],
    [64, 130, 70, 5],
    [64, 130, 70, 8],
  ])('blocks of %i, %i features to %i, batch %i', async (blockSize, features, out, batch) => {
    const c: ConvolutionCase = {
      inChannels: features,
      outChannels: out,
      height: 1,
      width: 1,
      batch,
      kernel: [1, 1],
      stride: 1,
      padding: [0, 0],
    };
    const { topology, values, tables } = setUp(c, blockSize);
    await checkOperation(device, {
      name: 'blockLinear',
      inputs: { x: [features, batch], values: [tables.numBlocks, blockSize, blockSize], bias: [out] },
      activations: ['x'],
      values: { values },
      forward: ({ x, values, bias }) => blockLinear(x, values, tables, { bias }),
      reference: ({ x, values, bias }) => withBias(convolution(c, x, toDense(topology, values)), bias),
      gradients: ({ x, values }, gradOutput) => {
        const grads = convolutionGradients(c, x, toDense(topology, values), gradOutput);
        return { x: grads.x, values: toBlocks(topology, grads.weight), bias: biasGradient(gradOutput, out) };
      },
    });
  });
});
