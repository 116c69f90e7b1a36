import { describe, expect, it } from 'vitest';
import {
  BENCH_LAYERS,
  denseFlops,
  type KernelTiming,
  kernelTimingsJson,
  kernelTimingsTable,
  PASSES,
} from '../../src/cli/bench_kernels.js';

/** Dense passes of 8, 10 and 22 ms against sparse ones of 1, 4 and 3 ms at a tenth of the operations. */
const TIMINGS: KernelTiming[] = [
  { sparsity: 0, blockSize: 0, flops: 4e8, milliseconds: [8, 10, 22] },
  { sparsity: 0.9, blockSize: 16, flops: 4e7, milliseconds: [1, 4, 3] },
].flatMap(({ milliseconds, ...variant }) =>
  PASSES.map((pass, i) => ({ layer: 'a', pass, ...variant, ms: milliseconds[i], spreadMs: 0.5, denseFlops: 4e8 })),
);

describe('denseFlops', () => {
  it('counts two operations for every product of the three layers', () => {
    expect(BENCH_LAYERS.map(denseFlops)).toEqual([
      2 * 64 * 64 * 9 * 16 * 16 * 32,
      2 * 128 * 128 * 9 * 16 * 16 * 32,
      2 * 128 * 64 * 9 * 8 * 8 * 32,
    ]);
  });

  it('rounds the output size down, as the convolution does', () => {
    const layer = { name: 'x', inChannels: 1, outChannels: 1, size: 8, kernel: 3, stride: 2, padding: 0, batch: 1 };
    expect(denseFlops(layer)).toBe(2 * 9 * 3 * 3);
  });
});

describe('kernelTimingsTable', () => {
  const lines = kernelTimingsTable(TIMINGS).split('\n');
  const cells = (line: string) => line.trim().split(/ {2,}/);

  it('gives times, rates and speed-up of each pass', () => {
    expect(lines[0]).toBe('a: 0.400 GFLOP a dense pass');
    expect(cells(lines[3])).toEqual(['dense', 'gradInput', '10.00', '0.50', '40.0', '40.0', '1.00x']);
    expect(cells(lines[7])).toEqual(['0.9, blocks of 16', 'gradInput', '4.00', '0.50', '100.0', '10.0', '2.50x']);
  });

  it('adds the passes up', () => {
    expect(cells(lines[5])).toEqual(['dense', 'sum', '40.00', '1.50', '30.0', '30.0', '1.00x']);
    expect(cells(lines[9])).toEqual(['0.9, blocks of 16', 'sum', '8.00', '1.50', '150.0', '15.0', '5.00x']);
  });

  it('aligns its columns', () => {
    expect(new Set(lines.slice(1).map((line) => line.length)).size).toBe(1);
  });
});

describe('kernelTimingsJson', () => {
  it('has one record for each pass of each variant', () => {
    const records = kernelTimingsJson(TIMINGS);
    expect(records).toHaveLength(6);
    expect(records[4]).toEqual({ layer: 'a', pass: 'gradInput', sparsity: 0.9, blockSize: 16, ms: 4 });
  });
});
