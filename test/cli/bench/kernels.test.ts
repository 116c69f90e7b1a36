// `bench kernels` without a device: what its layers are, how its rows come about, and the table.

import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../../src/cli/bench/kernel_table.js';
import { PASSES } from '../../../src/cli/bench/kernel_variants.js';
import { type KernelRow, kernelRow } from '../../../src/cli/bench/kernels.js';
import { BENCH_LAYERS, denseFlops, layersNamed, outputSize, SHORT_LAYERS } from '../../../src/cli/bench/layers.js';
import type { Peaks } from '../../../src/cli/bench/peak.js';

const layer = {
  ...{ name: 'a', inChannels: 10, outChannels: 20, size: 100, kernel: 1, stride: 1, padding: 0, batchSize: 100 },
  sets: [],
};
const peaks = { copy: { gigabytesPerSecond: 40 }, multiplyAdd: { gflops: 80 } } as Peaks;

/** Dense passes of 8, 10 and 22 ms against sparse ones of 1, 4 and 3 ms at a tenth of the operations. */
function rowsOf(shares?: Peaks): KernelRow[] {
  return [
    { sparsity: 0, blockSize: 0, density: 1, bytes: 8e7, milliseconds: [8, 10, 22] },
    { sparsity: 0.9, blockSize: 16, density: 0.1, bytes: 2e7, milliseconds: [1, 4, 3] },
  ].flatMap(({ milliseconds, ...variant }) =>
    PASSES.map((pass, i) => {
      const samples = [-0.5, 0, 0.5].map((offset) => milliseconds[i] + offset);
      return kernelRow('lavapipe', layer, { ...variant, precision: 'f32', pass }, samples, shares);
    }),
  );
}

describe('layers', () => {
  it('have names that say what they are, each its own', () => {
    for (const { name, inChannels, outChannels, size, kernel, stride, batchSize } of BENCH_LAYERS) {
      const shape = `${kernel}x${kernel}-${inChannels}-${outChannels}-${size}x${size}`;
      const product = `matmul/${outChannels}x${inChannels}x${batchSize}`;
      const convolution = `/\\w+-${shape}${stride > 1 ? `-stride${stride}` : ''}$`;
      expect(name).toMatch(name.startsWith('matmul/') ? new RegExp(`^${product}$`) : new RegExp(convolution));
    }
    expect(new Set(BENCH_LAYERS.map(({ name }) => name)).size).toBe(BENCH_LAYERS.length);
  });

  it('keep the size of the image but for the stride', () => {
    for (const layer of BENCH_LAYERS) expect(outputSize(layer), layer.name).toBe(layer.size / layer.stride);
  });

  it('in short hold a 3x3, a strided and a 1x1 one', () => {
    const has = (test: (layer: (typeof SHORT_LAYERS)[number]) => boolean) => expect(SHORT_LAYERS.some(test)).toBe(true);
    has(({ kernel, stride }) => kernel === 3 && stride === 1);
    has(({ kernel, stride }) => kernel === 3 && stride === 2);
    has(({ kernel, stride }) => kernel === 1 && stride === 1);
    has(({ kernel, stride }) => kernel === 1 && stride === 2);
  });

  it('are found by parts of their names', () => {
    expect(layersNamed('wrn-22-2/net3-3x3-128').map(({ name }) => name)).toEqual(['wrn-22-2/net3-3x3-128-128-8x8']);
    expect(() => layersNamed('vgg-e')).toThrow(
      /^--layers: expected part of a layer's name \(vgg-d\/.*\), got 'vgg-e'$/,
    );
  });
});

describe('denseFlops', () => {
  it('counts two operations for every product', () => {
    const [vgg] = layersNamed('vgg-d/conv2-3x3-128-128');
    const [wrn] = layersNamed('wrn-22-2/net3-3x3-64-128');
    expect(denseFlops(vgg)).toBe(2 * 128 * 128 * 9 * 16 * 16 * 32);
    expect(denseFlops(wrn)).toBe(2 * 128 * 64 * 9 * 8 * 8 * 32);
    expect(denseFlops(layersNamed('matmul/1024')[0])).toBe(2 * 1024 ** 3);
  });

  it('rounds the output size down, as the convolution does', () => {
    const odd = { ...layer, inChannels: 1, outChannels: 1, size: 8, kernel: 3, stride: 2, batchSize: 1 };
    expect(denseFlops(odd)).toBe(2 * 9 * 3 * 3);
  });
});

describe('kernelRow', () => {
  it('holds medians, rates and shares of the peaks', () => {
    const [, , , , row] = rowsOf(peaks);
    expect(row).toEqual({
      ...{ engine: 'shuffleblock', adapter: 'lavapipe', layer: 'a', pass: 'gradInput', batchSize: 100 },
      ...{ sparsity: 0.9, blockSize: 16, precision: 'f32', ms: 4, spreadMs: 0.25 },
      ...{ effectiveGflops: 100, actualGflops: 10, bytes: 2e7, gigabytesPerSecond: 5 },
      ...{ shareOfPeak: 0.125, shareOfBandwidth: 0.125 },
    });
  });

  it('has no shares where the peaks are not known', () => {
    expect(rowsOf()[0]).not.toHaveProperty('shareOfPeak');
  });
});

describe('kernelTable', () => {
  const lines = kernelTable(rowsOf(peaks)).split('\n');
  const cells = (line: string) => line.trim().split(/ {2,}/);

  it('gives times, rates, shares and speed-up of each pass', () => {
    expect(lines[0]).toBe('a, batch 100: 0.400 GFLOP a dense pass');
    const dense = ['dense', 'gradInput', '10.00', '0.25', '40.0', '40.0', '50%', '80.0', '20%', '1.00x'];
    expect(cells(lines[3])).toEqual(dense);
    const sparse = ['0.9, blocks of 16', 'gradInput', '4.00', '0.25', '100.0', '10.0', '13%', '20.0', '13%', '2.50x'];
    expect(cells(lines[7])).toEqual(sparse);
  });

  it('adds the passes up', () => {
    expect(cells(lines[5])).toEqual([
      ...['dense', 'sum', '40.00', '0.75', '30.0', '30.0', '38%', '240.0', '15%', '1.00x'],
    ]);
    expect(cells(lines[9])).toEqual([
      ...['0.9, blocks of 16', 'sum', '8.00', '0.75', '150.0', '15.0', '19%', '60.0', '19%', '5.00x'],
    ]);
  });

  it('aligns its columns, also without shares', () => {
    const table = kernelTable(rowsOf()).split('\n');
    for (const each of [lines, table]) expect(new Set(each.slice(1).map((line) => line.length)).size).toBe(1);
    expect(cells(table[3])).toEqual(['dense', 'gradInput', '10.00', '0.25', '40.0', '40.0', '80.0', '1.00x']);
  });
});
