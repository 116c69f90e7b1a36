// Layers so large that the usual cut has more workgroups than a dispatch may have along one dimension: they are cut more coarsely.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { type Device, kernel } from '../../src/device/index.js';
import { blockConv2d } from '../../src/shaders/block_conv2d/block_conv2d.js';
import { gradInputTiling, positionTiling } from '../../src/shaders/block_conv2d/block_conv2d_tiles.js';
import { BlockTables } from '../../src/shaders/block_conv2d/block_tables.js';
import { conv2d } from '../../src/shaders/conv2d/conv2d.js';
import { gatherPositions, gatherTiling } from '../../src/shaders/conv2d/conv2d_tiles.js';
import { conv2dGeometry } from '../../src/shaders/conv2d/geometry.js';
import { keep, scope, Tensor } from '../../src/tensor/index.js';
import {
  block_conv2d_forward,
  block_conv2d_grad_columns,
  block_conv2d_grad_input,
  conv2d_gather,
} from '../../src/wgsl.generated.js';
import { randomTopology, toBlocks, toDense } from '../support/blocks.js';
import { expectClose, normalValues } from '../support/compare.js';
import { type ConvolutionCase, convolution, convolutionGradients, windowOf } from '../support/convolution.js';
import { asGpu, testDevice } from '../support/device.js';

const device = await testDevice();
afterAll(() => device.destroy());

const MOST = 65535;

describe('on a GPU', () => {
  /** This device, were it a GPU with the limits that every WebGPU device has. */
  const gpu = Object.create(asGpu(device), {
    limit: { value: (name: string) => (name === 'maxComputeWorkgroupsPerDimension' ? MOST : 0) },
  }) as Device;
  /** Single images, since 143 is no multiple of 4: the last batch of ImageNet, and one that any tiling cuts coarsely enough. */
  const IMAGES = [143, 1] as const;

  it.each(IMAGES)('cuts a dense convolution of %i images of 224x224', (images) => {
    const positions = 224 * 224 * images;
    const { usual, others } = gatherTiling(gpu, kernel(conv2d_gather), 64, positions);
    for (const tiles of [usual, ...others()]) expect(positions / gatherPositions(tiles)).toBeLessThanOrEqual(MOST);
    expect(others().length).toBeGreaterThan(3);
  });

  it.each(IMAGES)('cuts the forward pass of blocks for %i images of 224x224', (images) => {
    const positions = 224 * 224 * images;
    const { usual, others } = positionTiling(gpu, kernel(block_conv2d_forward), 16, positions);
    for (const { columns, threads } of [usual, ...others()]) {
      expect(positions / (columns * threads)).toBeLessThanOrEqual(MOST);
    }
    expect(others().length).toBeGreaterThan(1);
  });

  it('cuts the input gradient of a linear layer with more inputs than workgroups', () => {
    const inputs = 140_450;
    const geometry = conv2dGeometry('test', [inputs, 1, 1, 4], [512, inputs, 1, 1], { stride: 1, padding: 0 });
    const kernels = [kernel(block_conv2d_grad_columns), kernel(block_conv2d_grad_input)] as const;
    const tables = { numBlocks: 100, blockSize: 16 } as BlockTables;
    const { usual, others } = gradInputTiling(gpu, kernels, tables, geometry, 'f32');
    for (const { groupChannels } of [usual, ...others()]) {
      expect(Math.ceil(inputs / groupChannels)).toBeLessThanOrEqual(MOST);
    }
  });
});

describe('where a dispatch may have few workgroups', () => {
  const FEW = 7;
  const limit = device.limit.bind(device);
  beforeAll(() => {
    device.limit = (name) => (name === 'maxComputeWorkgroupsPerDimension' ? FEW : limit(name));
  });
  afterAll(() => {
    device.limit = limit;
  });
  const c: ConvolutionCase = {
    ...{ inChannels: 40, outChannels: 20, height: 24, width: 24, batch: 3 },
    ...{ kernel: [3, 3], stride: 1, padding: [1, 1] },
  };
  const columns = c.inChannels * 9;
  const xValues = normalValues(c.inChannels * 24 * 24 * 3, 1);
  const gradValues = normalValues(c.outChannels * 24 * 24 * 3, 2);
  const weightValues = normalValues(c.outChannels * columns, 3);

  /** Output and input gradient, and the largest extent of a grid: of the first pass's kernels, and of those that go back. */
  async function passes(forward: (x: Tensor) => Tensor) {
    const x = new Parameter(Tensor.from(device, xValues, [c.inChannels, 24, 24, 3]));
    const gradOutput = keep(Tensor.from(device, gradValues, [c.outChannels, 24, 24, 3]));
    let y: Tensor | undefined;
    const recording = device.record(() =>
      scope(() => {
        y = keep(forward(x));
        backward(y, gradOutput);
      }),
    );
    device.replay(recording);
    const extents = recording.commands.flatMap((command) =>
      command.type === 'dispatch' && /gather|forward|grad_columns|grad_input/.test(command.kernel.path)
        ? [Math.max(...command.grid)]
        : [],
    );
    return { y: await y!.read(), gradInput: await x.grad!.read(), extents };
  }

  it('computes dense convolutions', async () => {
    const weight = new Parameter(Tensor.from(device, weightValues, [c.outChannels, c.inChannels, 3, 3]));
    const { y, gradInput, extents } = await passes((x) => conv2d(x, weight, windowOf(c)));
    const [x, w, g] = [xValues, weightValues, gradValues].map((values) => Float64Array.from(values));
    expectClose(y, convolution(c, x, w), 1e-5, 'y');
    expectClose(gradInput, convolutionGradients(c, x, w, g).x, 1e-5, 'gradient of x');
    expect(extents.length).toBe(2);
    expect(Math.max(...extents)).toBeLessThanOrEqual(FEW);
  });

  it('computes convolutions with blocks', async () => {
    const topology = randomTopology(c.outChannels, columns, 32, 0.4, 5);
    const blocks = Float32Array.from(toBlocks(topology, weightValues));
    const tables = new BlockTables(device, topology, c.kernel);
    const values = new Parameter(Tensor.from(device, blocks, [tables.numBlocks, 32, 32]));
    const { y, gradInput, extents } = await passes((x) => blockConv2d(x, values, tables, windowOf(c)));
    const [x, g] = [xValues, gradValues].map((values) => Float64Array.from(values));
    const w = Float64Array.from(toDense(topology, blocks));
    expectClose(y, convolution(c, x, w), 1e-5, 'y');
    expectClose(gradInput, convolutionGradients(c, x, w, g).x, 1e-5, 'gradient of x');
    expect(extents.length).toBe(3);
    expect(Math.max(...extents)).toBeLessThanOrEqual(FEW);
    tables.dispose();
  });
});
