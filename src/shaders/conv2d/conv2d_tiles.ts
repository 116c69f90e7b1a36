// How the kernels of a dense convolution can be tiled.

import type { Device, Kernel } from '../../device/index.js';
import type { Tiles, Tiling } from '../tiling/tiling.js';
import {
  type ConvGeometry,
  chunkSize,
  columnsPerThread,
  otherChunks,
  rowsPerThread,
  weightColumnsPerThread,
} from './geometry.js';

/** Rows and Vecs of a thread; threads of a workgroup, and how many of them along the rows. */
interface GatherTiles extends Tiles {
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
  readonly rowThreads: number;
}

/** Rows, Vecs and threads that a measurement tries. */
const GATHER_TILES = [
  [8, 2, 64],
  [8, 4, 64],
  [8, 1, 128],
  [8, 2, 128],
  [16, 1, 64],
  [16, 2, 64],
  [16, 4, 64],
  [16, 1, 128],
  [32, 1, 64],
  [32, 2, 64],
] as const;

/**
 * Tilings of conv2d_gather.wgsl.
 * @param rows of the weight, as the kernel reads it; `positions` of the output in Vecs.
 */
export function gatherTiling(device: Device, kernel: Kernel, rows: number, positions: number): Tiling<GatherTiles> {
  const threads = kernel.constant('WORKGROUP_SIZE');
  const mostRowThreads = kernel.constant('MAX_ROW_THREADS');
  const most = columnsPerThread(device, kernel.constant('ROWS'));
  const ownRows = rowsPerThread(device, kernel.constant('ROWS'), rows);
  // Threads move from positions to rows where there are few positions.
  const rowThreadsOf = (rowsOfThread: number, columns: number, threads: number) => {
    let rowThreads = 1;
    while (rowThreads < mostRowThreads && rowThreads * rowsOfThread < rows) {
      if (positions * rowThreads * 2 > threads * columns) break;
      rowThreads *= 2;
    }
    return rowThreads;
  };
  const rowThreads = rowThreadsOf(ownRows, most, threads);
  // Two variants, not more: each costs a software adapter seconds to compile.
  const columns = positions * rowThreads * 2 > threads * most ? most : 1;
  return {
    usual: { rows: ownRows, columns, threads, rowThreads },
    others: (): GatherTiles[] =>
      GATHER_TILES.map(([rows, columns, threads]) => {
        return { rows, columns, threads, rowThreads: rowThreadsOf(rows, columns, threads) };
      }),
  };
}

/** Rows and columns of a thread, columns of a workgroup, positions staged at once and in a chunk. */
interface GradWeightTiles extends Tiles {
  readonly rows: number;
  readonly columns: number;
  readonly tile: number;
  readonly staged: number;
  readonly chunk: number;
}

/** Rows, columns and positions staged that a measurement tries. */
const GRAD_WEIGHT_TILES = [
  [8, 4, 32],
  [8, 8, 32],
  [16, 2, 32],
  [16, 4, 32],
  [16, 8, 32],
  [32, 2, 16],
  [32, 4, 16],
] as const;

/** Tilings of conv2d_grad_weight.wgsl. */
export function gradWeightTiling(device: Device, kernel: Kernel, geometry: ConvGeometry): Tiling<GradWeightTiles> {
  const { inChannels, outChannels, kernelHeight, kernelWidth, positions } = geometry;
  const weightColumns = inChannels * kernelHeight * kernelWidth;
  const partBytes = outChannels * weightColumns * 4;
  const ownRows = rowsPerThread(device, kernel.constant('ROWS'), outChannels);
  // Half a tile where the columns are few, as in a first layer: the other half would be computed for nothing.
  const tile = kernel.constant('TILE') / (weightColumns <= 32 ? 2 : 1);
  const chunkOf = (rows: number) => {
    const tiles = Math.ceil(weightColumns / tile) * Math.ceil(outChannels / rows);
    return chunkSize(device, positions, tiles, partBytes);
  };
  const usual = {
    rows: ownRows,
    columns: weightColumnsPerThread(device, ownRows),
    tile,
    staged: kernel.constant('POSITIONS'),
    chunk: chunkOf(ownRows),
  };
  const others = (): GradWeightTiles[] => [
    ...GRAD_WEIGHT_TILES.map(([rows, columns, staged]) => ({ rows, columns, tile, staged, chunk: chunkOf(rows) })),
    ...otherChunks(usual.chunk, positions, partBytes).map((chunk) => ({ ...usual, chunk })),
  ];
  return { usual, others };
}
