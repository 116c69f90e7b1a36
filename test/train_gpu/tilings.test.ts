// Every tiling that a measurement may choose computes the same as a plain float64 reference.

import { afterAll, describe, expect, it } from 'vitest';
import { BlockTables, blockConv2d, conv2d, type Tiles, tileChoices } from '../../src/shaders/index.js';
import { randomTopology, toBlocks, toDense } from '../support/blocks.js';
import { checkOperation } from '../support/check_operation.js';
import { normalValues } from '../support/compare.js';
import {
  type ConvolutionCase,
  convolution,
  convolutionGradients,
  describeCase,
  windowOf,
} from '../support/convolution.js';
import { testDevice } from '../support/device.js';
import { checkAllTilings } from '../support/tilings.js';

const device = await testDevice();
afterAll(() => device.destroy());

/** Rows and positions that fill no tile, a stride, few positions. */
const CASES: readonly ConvolutionCase[] = [
  { inChannels: 5, outChannels: 37, height: 9, width: 7, batch: 12, kernel: [3, 3], stride: 2, padding: [1, 1] },
  { inChannels: 70, outChannels: 130, height: 1, width: 1, batch: 7, kernel: [1, 1], stride: 1, padding: [0, 0] },
];

describe('all tilings', () => {
  it.each(CASES.map((c) => [describeCase(c), c] as const))(
    'of conv2d, %s',
    async (name, c) => {
      const tried = await checkAllTilings(device, () =>
        checkOperation(device, {
          name,
          inputs: {
            x: [c.inChannels, c.height, c.width, c.batch],
            weight: [c.outChannels, c.inChannels, ...c.kernel],
          },
          forward: ({ x, weight }) => conv2d(x, weight, { stride: c.stride, padding: c.padding }),
          reference: ({ x, weight }) => convolution(c, x, weight),
          gradients: ({ x, weight }, gradOutput) => convolutionGradients(c, x, weight, gradOutput),
        }),
      );
      expect(tried).toBeGreaterThan(8);
    },
    400_000,
  );

  it.each(CASES.map((c, i) => [[16, 8][i], describeCase(c), c] as const))(
    'of blockConv2d, blocks of %i, %s',
    async (blockSize, name, c) => {
      const columns = c.inChannels * c.kernel[0] * c.kernel[1];
      const topology = randomTopology(c.outChannels, columns, blockSize, 0.4, blockSize + columns);
      const tables = new BlockTables(device, topology, c.kernel);
      const values = Float32Array.from(toBlocks(topology, normalValues(c.outChannels * columns, 7)));
      const tried = await checkAllTilings(device, () =>
        checkOperation(device, {
          name: `${name} blocks of ${blockSize}`,
          inputs: {
            x: [c.inChannels, c.height, c.width, c.batch],
            values: [tables.numBlocks, blockSize, blockSize],
          },
          values: { values },
          forward: (inputs) => blockConv2d(inputs.x, inputs.values, tables, windowOf(c)),
          reference: (inputs) => convolution(c, inputs.x, toDense(topology, inputs.values)),
          gradients: (inputs, gradOutput) => {
            const grads = convolutionGradients(c, inputs.x, toDense(topology, inputs.values), gradOutput);
            return { x: grads.x, values: toBlocks(topology, grads.weight) };
          },
        }),
      );
      expect(tried).toBeGreaterThan(5);
      tables.dispose();
    },
    400_000,
  );
});

describe('a tiling from a file', () => {
  const tiling = { usual: { rows: 8 }, others: () => [{ rows: 16 }] };
  it.each<[string, Tiles, number]>([
    ['is used if it is one of the operation', { rows: 16 }, 16],
    ['is not if no kernel was tried with it', { rows: 1_000_000 }, 8],
    ['is not with other names', { rows: 16, columns: 1 }, 8],
    ['is not without names', {}, 8],
  ])('%s', (name, tiles, rows) => {
    const choices = tileChoices(device);
    choices.offer([[name, tiles]]);
    expect(choices.choose(name, tiling).rows).toBe(rows);
    expect(choices.has(name)).toBe(rows === 16);
  });
});
