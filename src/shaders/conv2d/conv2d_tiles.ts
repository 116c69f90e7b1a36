// How the kernels of a dense convolution can be tiled.

import type { Device, Kernel } from '../../device/index.js';
import { lanesOf } from '../launch.js';
import { mostSharers, usualSharers } from '../sharers.js';
import { dispatchable, type Tiles, type Tiling } from '../tiling/tiling.js';
import { type ConvGeometry, chunkSize, columnsPerThread, otherChunks, rowsPerThread } from './geometry.js';

/** Rows and Vecs of a thread; threads of a workgroup, how many of them along the rows, and how many load weights for each other. */
interface GatherTiles extends Tiles {
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
  readonly rowThreads: number;
  readonly sharers: number;
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
  const ownRows = rowsPerThread(device, kernel.constant('ROWS'), rows);
  const most = columnsPerThread(device, ownRows);
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
  const alike = (rowThreads: number, threads: number) => (rowThreads === 1 ? undefined : threads / rowThreads);
  const sharers = usualSharers(device, ownRows / 4, alike(rowThreads, threads));
  const usual = { rows: ownRows, columns, threads, rowThreads, sharers };
  const others = (): GatherTiles[] => {
    const tiles = GATHER_TILES.map(([rows, columns, threads]) => {
      const rowThreads = rowThreadsOf(rows, columns, threads);
      const sharers = usualSharers(device, rows / 4, alike(rowThreads, threads));
      return { rows, columns, threads, rowThreads, sharers };
    });
    const most = mostSharers(device, ownRows / 4, alike(rowThreads, threads));
    return [...tiles, { ...usual, sharers: sharers === 1 ? most : 1 }];
  };
  return dispatchable(device, { usual, others }, (tiles) => Math.ceil(positions / gatherPositions(tiles)));
}

/** Vecs of positions that a workgroup computes. */
export function gatherPositions({ columns, threads, rowThreads }: GatherTiles): number {
  return (threads / rowThreads) * columns;
}

/** Rows and columns of a thread, columns of a workgroup, positions staged at once and in a chunk, threads that load for each other. */
interface GradWeightTiles extends Tiles {
  readonly rows: number;
  readonly columns: number;
  readonly tile: number;
  readonly staged: number;
  readonly chunk: number;
  readonly sharers: number;
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

/** Columns that a thread keeps beside its rows: few where these are many, and loads of them are shared. */
function weightColumnsPerThread({ info }: Device): number {
  return info.isSoftware && info.kind !== 'swiftshader' ? 2 : 4;
}

/** Tilings of conv2d_grad_weight.wgsl. */
export function gradWeightTiling(device: Device, kernel: Kernel, geometry: ConvGeometry): Tiling<GradWeightTiles> {
  const { inChannels, outChannels, kernelHeight, kernelWidth, positions, batchSize } = geometry;
  const weightColumns = inChannels * kernelHeight * kernelWidth;
  const partBytes = outChannels * weightColumns * 4;
  const ownRows = rowsPerThread(device, kernel.constant('ROWS'), outChannels);
  // Half a tile where the columns are few, as in a first layer: the other half would be computed for nothing.
  const tile = kernel.constant('TILE') / (weightColumns <= 32 ? 2 : 1);
  const chunkOf = (rows: number) => {
    const tiles = Math.ceil(weightColumns / tile) * Math.ceil(outChannels / rows);
    return chunkSize(device, positions, tiles, partBytes);
  };
  const sharersOf = (rows: number, columns: number) =>
    usualSharers(device, (rows / 4) * lanesOf(batchSize), tile / columns);
  const columns = weightColumnsPerThread(device);
  const usual = {
    rows: ownRows,
    columns,
    tile,
    staged: kernel.constant('POSITIONS') / (ownRows > 16 ? 2 : 1),
    chunk: chunkOf(ownRows),
    sharers: sharersOf(ownRows, columns),
  };
  const others = (): GradWeightTiles[] => [
    ...GRAD_WEIGHT_TILES.map(([rows, columns, staged]) => {
      return { rows, columns, tile, staged, chunk: chunkOf(rows), sharers: sharersOf(rows, columns) };
    }),
    { ...usual, sharers: 1 },
    ...otherChunks(usual.chunk, positions, partBytes).map((chunk) => ({ ...usual, chunk })),
  ];
  return { usual, others };
}
