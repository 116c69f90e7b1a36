// Convolutions by matrix units against the float64 references of the plain kernels. On adapters without such units (all software adapters of
// 2026 but lavapipe 26) their multiplications are emulated; the battery of a GPU runs its own.

import { afterAll, describe, expect, it } from 'vitest';
import { type Device, type Kernel, openDevice } from '../../src/device/index.js';
import { add } from '../../src/shaders/add/add.js';
import { blockConv2d } from '../../src/shaders/block_conv2d/block_conv2d.js';
import { BlockTables } from '../../src/shaders/block_conv2d/block_tables.js';
import { conv2d } from '../../src/shaders/conv2d/conv2d.js';
import { conv2dGeometry } from '../../src/shaders/conv2d/geometry.js';
import { matrixBlockConv2d } from '../../src/shaders/matrix_units/matrix_block_conv2d.js';
import { matrixConv2d } from '../../src/shaders/matrix_units/matrix_conv2d.js';
import { blockPasses, densePasses, setMatrixConvolutions } from '../../src/shaders/matrix_units/matrix_units.js';
import { randomTopology, toBlocks, toDense } from '../support/blocks.js';
import { checkOperation, type OperationCase } from '../support/check_operation.js';
import { normalValues } from '../support/compare.js';
import {
  biasGradient,
  type ConvolutionCase,
  convolution,
  convolutionGradients,
  describeCase,
  windowOf,
  withBias,
} from '../support/convolution.js';
import { emulateMatrixUnits, type UnitShape } from '../support/matrix_units.js';
import { checkAllTilings } from '../support/tilings.js';

/** Also in a browser, where there is no `process`. */
const ALL_UNITS = globalThis.process?.env.ALL_UNITS !== undefined;
const MATRIX_UNITS = 'chromium-experimental-subgroup-matrix';

/** Of NVIDIA; and, with ALL_UNITS=1, since an emulated kernel takes seconds to compile, of lavapipe 26 and one whose extents differ. */
const EMULATED: readonly UnitShape[] = [
  { M: 16, N: 16, K: 16, subgroup: 32 },
  ...(ALL_UNITS
    ? [
        { M: 8, N: 8, K: 8, subgroup: 8 },
        { M: 16, N: 8, K: 8, subgroup: 32 },
      ]
    : []),
];

setMatrixConvolutions({ dense: matrixConv2d, blocks: matrixBlockConv2d });

const own = await open();
const devices: readonly [string, Device][] = own.has(MATRIX_UNITS)
  ? [['its own', own]]
  : await Promise.all(
      (own.has('shader-f16') ? EMULATED : []).map(
        async (shape): Promise<[string, Device]> => [
          `emulated, ${Object.values(shape).join('x')}`,
          await openEmulated(shape),
        ],
      ),
    );
afterAll(() => [own, ...devices.map(([, device]) => device)].forEach((device) => void device.destroy()));

function open(): Promise<Device> {
  return openDevice({ poison: true, matrixUnits: true, warn: () => {} });
}

async function openEmulated(shape: UnitShape): Promise<Device> {
  const device = await open();
  emulateMatrixUnits(device, shape);
  return device;
}

/** Whole matrices of 16, one of them or several; borders of all kinds; positions that leave a workgroup half empty. */
const CASES: readonly ConvolutionCase[] = [
  { inChannels: 16, outChannels: 16, height: 1, width: 1, batch: 16, kernel: [1, 1], stride: 1, padding: [0, 0] },
  { inChannels: 32, outChannels: 48, height: 3, width: 5, batch: 16, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { inChannels: 16, outChannels: 32, height: 5, width: 4, batch: 32, kernel: [3, 3], stride: 2, padding: [1, 1] },
  { inChannels: 48, outChannels: 16, height: 4, width: 4, batch: 16, kernel: [1, 1], stride: 2, padding: [0, 0] },
  { inChannels: 16, outChannels: 16, height: 7, width: 6, batch: 16, kernel: [4, 3], stride: 3, padding: [2, 0] },
];

/** Of batches that are no whole number of matrices, which the block kernels gather themselves. */
const BLOCK_CASES: readonly ConvolutionCase[] = [
  ...CASES,
  { inChannels: 5, outChannels: 21, height: 4, width: 3, batch: 12, kernel: [3, 3], stride: 1, padding: [1, 1] },
];

/** With all tilings on a device that has the units; emulated kernels take minutes to compile, so of those only with ALL_UNITS=1. */
async function check(device: Device, operation: OperationCase): Promise<void> {
  if (device === own || ALL_UNITS) await checkAllTilings(device, () => checkOperation(device, operation));
  else await checkOperation(device, operation);
}

/** Paths of the kernels that `body` launches. */
async function kernelsOf(device: Device, body: () => Promise<void>): Promise<Set<string>> {
  const paths = new Set<string>();
  const run = device.run;
  device.run = (kernel: Kernel, ...rest) => {
    paths.add(kernel.path.replace(/.*\//, ''));
    run.call(device, kernel, ...rest);
  };
  await body();
  device.run = run;
  return paths;
}

describe.each(devices)('matrix units (%s)', (_, device) => {
  it.each(CASES.map((c) => [describeCase(c), c] as const))('conv2d, %s', async (name, c) => {
    const used = await kernelsOf(device, () =>
      check(device, {
        name,
        inputs: {
          x: [c.inChannels, c.height, c.width, c.batch],
          weight: [c.outChannels, c.inChannels, ...c.kernel],
          bias: [c.outChannels],
        },
        activations: ['x'],
        forward: ({ x, weight, bias }) => conv2d(x, weight, { stride: c.stride, padding: c.padding, bias }),
        reference: ({ x, weight, bias }) => withBias(convolution(c, x, weight), bias),
        gradients: ({ x, weight }, gradOutput) => ({
          ...convolutionGradients(c, x, weight, gradOutput),
          bias: biasGradient(gradOutput, c.outChannels),
        }),
      }),
    );
    expect([...used]).toEqual(expect.arrayContaining(['matrix_conv2d_gather.wgsl', 'matrix_conv2d_grad_weight.wgsl']));
  });

  it.each(BLOCK_CASES.flatMap((c) => [16, 32].map((size) => [size, describeCase(c), c] as const)))(
    'blockConv2d, blocks of %i, %s',
    async (blockSize, name, c) => {
      const columns = c.inChannels * c.kernel[0] * c.kernel[1];
      const topology = randomTopology(c.outChannels, columns, blockSize, 0.4, blockSize + columns);
      const values = Float32Array.from(toBlocks(topology, normalValues(c.outChannels * columns, 7)));
      const tables = new BlockTables(device, topology, c.kernel);
      const used = await kernelsOf(device, () =>
        check(device, {
          name,
          inputs: {
            x: [c.inChannels, c.height, c.width, c.batch],
            values: [tables.numBlocks, blockSize, blockSize],
            bias: [c.outChannels],
          },
          activations: ['x'],
          values: { values },
          // An input's gradient is the sum of column gradients that were rounded to f16 each, as in the plain kernels.
          forward: ({ x, values, bias }) => blockConv2d(x, values, tables, { ...windowOf(c), bias }),
          reference: ({ x, values, bias }) => withBias(convolution(c, x, toDense(topology, values)), bias),
          gradients: ({ x, values }, gradOutput) => {
            const grads = convolutionGradients(c, x, toDense(topology, values), gradOutput);
            const bias = biasGradient(gradOutput, c.outChannels);
            return { x: grads.x, values: toBlocks(topology, grads.weight), bias };
          },
        }),
      );
      tables.dispose();
      expect([...used]).toEqual(
        expect.arrayContaining(
          ['forward', 'grad_columns', 'grad_weight'].map((pass) => `matrix_block_conv2d_${pass}.wgsl`),
        ),
      );
    },
  );

  it('add to the gradient of x what its other uses passed', async () => {
    const c: ConvolutionCase = { ...CASES[1], outChannels: 32 };
    await checkOperation(device, {
      name: 'x + conv2d(x)',
      inputs: { x: [32, 3, 5, 16], weight: [32, 32, 3, 3] },
      activations: ['x'],
      forward: ({ x, weight }) => add(conv2d(x, weight, windowOf(c)), x),
      reference: ({ x, weight }) => convolution(c, x, weight).map((value, i) => value + x[i]),
      gradients: ({ x, weight }, gradOutput) => {
        const own = convolutionGradients(c, x, weight, gradOutput);
        return { x: own.x.map((value, i) => value + gradOutput[i]), weight: own.weight };
      },
    });
  });

  it('add a residual as they store', async () => {
    const c = CASES[1];
    const added = (c: ConvolutionCase, x: Float64Array, weight: Float64Array, addend: Float64Array) =>
      convolution(c, x, weight).map((value, i) => value + addend[i]);
    const addend = [48, 3, 5, 16];
    await checkOperation(device, {
      name: 'conv2d',
      inputs: { x: [32, 3, 5, 16], weight: [48, 32, 3, 3], addend },
      activations: ['x', 'addend'],
      forward: ({ x, weight, addend }) => conv2d(x, weight, { ...windowOf(c), addend }),
      reference: ({ x, weight, addend }) => added(c, x, weight, addend),
      gradients: ({ x, weight }, gradOutput) => ({
        ...convolutionGradients(c, x, weight, gradOutput),
        addend: gradOutput,
      }),
    });
    const topology = randomTopology(48, 32 * 9, 16, 0.4, 1);
    const tables = new BlockTables(device, topology, c.kernel);
    await checkOperation(device, {
      name: 'blockConv2d',
      inputs: { x: [32, 3, 5, 16], values: [tables.numBlocks, 16, 16], addend },
      activations: ['x', 'addend'],
      forward: ({ x, values, addend }) => blockConv2d(x, values, tables, { ...windowOf(c), addend }),
      reference: ({ x, values, addend }) => added(c, x, toDense(topology, values), addend),
      gradients: ({ x, values }, gradOutput) => {
        const grads = convolutionGradients(c, x, toDense(topology, values), gradOutput);
        return { x: grads.x, values: toBlocks(topology, grads.weight), addend: gradOutput };
      },
    });
    tables.dispose();
  });

  it('are left alone where shapes are no whole matrices, and in f32', () => {
    const geometry = (channels: number, batch: number, size = 8) =>
      conv2dGeometry('test', [channels, size, size, batch], [32, channels, 3, 3], { padding: 1 });
    expect(densePasses(device, geometry(32, 32), 'f16')).toBeDefined();
    expect(densePasses(device, geometry(32, 32), 'f32')).toBeUndefined();
    expect(densePasses(device, geometry(3, 32), 'f16')).toBeUndefined();
    expect(densePasses(device, geometry(32, 12), 'f16')).toBeUndefined();
    expect(densePasses(device, geometry(32, 2048, 224), 'f16')).toBeUndefined(); // more positions than a grid takes
    const ofBlocks = (blockSize: number, batch = 32, size = 8) => {
      const topology = randomTopology(2 * blockSize, 32 * 9, blockSize, 0.4, 1);
      return blockPasses(device, geometry(32, batch, size), new BlockTables(device, topology, [3, 3]), 'f16');
    };
    expect(ofBlocks(16)).toBeDefined();
    expect(ofBlocks(8)).toBeUndefined();
    expect(ofBlocks(128)).toBeUndefined(); // too large for a workgroup's memory
    expect(ofBlocks(16, 2048, 224)).toBeUndefined();
  });
});

it('a device without matrix units has no passes by them', async () => {
  const plain = await openDevice({ matrixUnits: false, warn: () => {} });
  const geometry = conv2dGeometry('test', [32, 8, 8, 32], [32, 32, 3, 3], {});
  expect(densePasses(plain, geometry, 'f16')).toBeUndefined();
  plain.destroy();
});
