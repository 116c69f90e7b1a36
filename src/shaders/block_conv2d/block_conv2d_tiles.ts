// How the kernels of a shuffled-block convolution can be tiled. Rows of a thread are always the rows of a block.

import type { Device, Kernel } from '../../device/index.js';
import { type ActivationType, ELEMENT_BYTES } from '../../tensor/index.js';
import { type ConvGeometry, chunkSize, columnsPerThread, otherChunks } from '../conv2d/geometry.js';
import { lanesOf } from '../launch.js';
import { largestSubgroup, mostSharers, usualSharers } from '../sharers.js';
import { dispatchable, type Tiles, type Tiling } from '../tiling/tiling.js';
import { type BlockTables, TILE_SLOTS } from './block_tables.js';

/** Vecs of positions a thread, threads of a workgroup, how many load weights for each other, and how many in a row have Vecs in a row. */
interface PositionTiles extends Tiles {
  readonly columns: number;
  readonly threads: number;
  readonly sharers: number;
  readonly strip: number;
}

/** Vecs and threads that a measurement tries. */
const POSITION_TILES = [
  [1, 32],
  [1, 64],
  [2, 64],
  [4, 64],
  [1, 128],
  [2, 128],
  [1, 256],
] as const;

export function positionTiling(
  device: Device,
  kernel: Kernel,
  blockSize: number,
  positions: number,
): Tiling<PositionTiles> {
  const threads = busyThreads(device, kernel.constant('WORKGROUP_SIZE'), positions);
  const sharers = usualSharers(device, rowQuads(blockSize));
  const strip = usualStrip(device, threads);
  const usual = { columns: usualColumns(device, blockSize, positions, threads), threads, sharers, strip };
  const others = (): PositionTiles[] => [
    ...POSITION_TILES.map(([columns, threads]) => {
      return { columns, threads, sharers, strip: usualStrip(device, threads) };
    }).filter(fits(blockSize)),
    { ...usual, sharers: otherSharers(device, blockSize) },
    { ...usual, strip: otherStrip(device, threads) },
  ];
  const extent = ({ columns, threads }: PositionTiles) => Math.ceil(positions / (threads * columns));
  return dispatchable(device, { usual, others }, extent);
}

function rowQuads(blockSize: number): number {
  return Math.ceil(blockSize / 4);
}

/** What a measurement tries in the place of the usual number. */
function otherSharers(device: Device, blockSize: number): number {
  const quads = rowQuads(blockSize);
  return usualSharers(device, quads) === 1 ? mostSharers(device, quads) : 1;
}

/** What a thread keeps in registers: beyond this, a software adapter is ten times slower, and a GPU has no registers left. */
const MOST_SUMS = 64;

function fits(blockSize: number): (tiles: { columns: number }) => boolean {
  return ({ columns }) => columns * blockSize <= MOST_SUMS;
}

/** Of a workgroup of `most` threads those that have something to do, in whole vectors of the adapter. */
function busyThreads(device: Device, most: number, positions: number): number {
  let threads = device.info.isSoftware ? 8 : 32;
  while (threads < most && threads < positions) threads *= 2;
  return threads;
}

/** A software adapter does eight threads after eight: what these read and write then lies together. */
function usualStrip(device: Device, threads: number): number {
  return device.info.isSoftware ? 8 : threads;
}

/** What a measurement tries in the place of the usual one. */
function otherStrip(device: Device, threads: number): number {
  return device.info.isSoftware ? threads : Math.min(32, threads);
}

/** One Vec a thread instead of several where there are few positions; no third variant, since compiling costs time. */
function usualColumns(device: Device, blockSize: number, positions: number, threads: number): number {
  const most = columnsPerThread(device, blockSize);
  return positions * 2 > threads * most ? most : 1;
}

/**
 * Vecs of output and of input positions a thread, sharers, threads whose Vecs lie in a row, channels that a workgroup gathers, and Vecs
 * of the batch in one go.
 */
export interface GradInputTiles extends Tiles {
  readonly columns: number;
  readonly gatherColumns: number;
  readonly threads: number;
  readonly sharers: number;
  readonly strip: number;
  readonly groupChannels: number;
  readonly batch: number;
}

/** Vecs of output and input positions, threads and channels that a measurement tries. */
const GRAD_INPUT_TILES = [
  [1, 1, 32, 1],
  [1, 1, 64, 1],
  [2, 1, 64, 1],
  [4, 4, 64, 1],
  [4, 4, 64, 8],
  [2, 4, 64, 4],
  [1, 1, 128, 1],
  [1, 1, 256, 1],
] as const;

/** Most memory for the column gradients of one pass over a part of the batch. On a CPU they should stay in its cache. */
const COLUMN_BYTES = 64 * 1024 * 1024;
const COLUMN_BYTES_SOFTWARE = 8 * 1024 * 1024;

/** Remainders of pixels, along an axis, that are done apart from each other: the tables of blocks know those of a stride of 2. */
export function gradInputPhases({ stride }: ConvGeometry): number {
  return stride === 2 ? 2 : 1;
}

export function gradInputTiling(
  device: Device,
  [columnsKernel, gatherKernel]: readonly [Kernel, Kernel],
  { numBlocks, blockSize }: BlockTables,
  geometry: ConvGeometry,
  dtype: ActivationType,
): Tiling<GradInputTiles> {
  const { inChannels, height, width, outHeight, outWidth, batchSize } = geometry;
  const { isSoftware } = device.info;
  const phases = gradInputPhases(geometry);
  const outPixels = outHeight * outWidth;
  const inPixels = Math.ceil(height / phases) * Math.ceil(width / phases);
  const vecBytes = numBlocks * blockSize * outPixels * lanesOf(batchSize) * ELEMENT_BYTES[dtype];
  const vecsIn = (bytes: number) => Math.max(1, Math.min(geometry.batch, Math.floor(bytes / vecBytes)));
  const most = columnsKernel.constant('WORKGROUP_SIZE');
  // Not so little that the positions leave threads idle.
  const least = Math.min(vecsIn(COLUMN_BYTES), Math.ceil(most / outPixels));
  const batch = Math.max(least, vecsIn(isSoftware ? COLUMN_BYTES_SOFTWARE : COLUMN_BYTES));
  if (gatherKernel.constant('WORKGROUP_SIZE') !== most) throw new Error('block_conv2d: expected equal workgroups');
  const threads = busyThreads(device, most, Math.max(outPixels, height * width) * batch);
  // Channels lie along a dimension of the grid.
  const leastChannels = Math.ceil(inChannels / device.limit('maxComputeWorkgroupsPerDimension'));
  const usual = {
    columns: usualColumns(device, blockSize, outPixels * batch, threads),
    gatherColumns: usualColumns(device, blockSize, (height * width * batch) / phases ** 2, threads),
    threads,
    sharers: usualSharers(device, rowQuads(blockSize)),
    strip: usualStrip(device, threads),
    groupChannels: Math.max(isSoftware ? 8 : 1, leastChannels),
    batch,
  };
  const others = (): GradInputTiles[] => [
    ...GRAD_INPUT_TILES.map(([columns, gatherColumns, threads, groupChannels]) => {
      const strip = usualStrip(device, threads);
      return {
        ...usual,
        columns,
        gatherColumns,
        threads,
        strip,
        groupChannels: Math.max(groupChannels, leastChannels),
      };
    }).filter(fits(blockSize)),
    ...[COLUMN_BYTES_SOFTWARE, COLUMN_BYTES].map((bytes) => ({ ...usual, batch: vecsIn(bytes) })),
    { ...usual, sharers: otherSharers(device, blockSize) },
    { ...usual, strip: otherStrip(device, threads) },
  ];
  const extent = ({ columns, gatherColumns, threads, batch }: GradInputTiles) =>
    Math.ceil(Math.max(outPixels / columns, inPixels / gatherColumns) * (batch / threads));
  return dispatchable(device, { usual, others }, extent);
}

/** Slots of a thread, positions staged at once and in a chunk, threads that load for each other. */
interface GradValuesTiles extends Tiles {
  readonly columns: number;
  readonly staged: number;
  readonly chunk: number;
  readonly sharers: number;
}

export function gradValuesTiling(
  device: Device,
  { numBlocks, blockSize, numTiles }: BlockTables,
  { positions, batchSize }: ConvGeometry,
): Tiling<GradValuesTiles> {
  const partBytes = numBlocks * blockSize * blockSize * 4;
  const rows = Math.min(blockSize, MOST_ROWS);
  const sharersOf = (columns: number) => {
    // A subgroup must not be wider than the slots side by side.
    const isWide = (TILE_SLOTS / columns) % largestSubgroup(device) === 0;
    return isWide ? usualSharers(device, rowQuads(rows) * lanesOf(batchSize), largestSubgroup(device)) : 1;
  };
  const columns = slotsPerThread(device, rows);
  const usual = {
    columns,
    staged: stagedPositions(rows),
    chunk: chunkSize(device, positions, numTiles, partBytes),
    sharers: sharersOf(columns),
  };
  const others = (): GradValuesTiles[] => [
    ...[2, 4, 8].map((columns) => ({ ...usual, columns, sharers: sharersOf(columns) })),
    { ...usual, sharers: 1 },
    { ...usual, staged: usual.staged / 2 },
    ...otherChunks(usual.chunk, positions, partBytes).map((chunk) => ({ ...usual, chunk })),
  ];
  return { usual, others };
}

/** Rows of a block that a thread of the weight gradient has sums of; those of larger blocks are shared out. */
export const MOST_ROWS = 32;

/** Of the weight gradient. Lavapipe keeps more sums than it unrolls loops for in memory, four times slower. */
function slotsPerThread({ info }: Device, blockSize: number): number {
  return info.isSoftware && info.kind !== 'swiftshader' && blockSize > MOST_SUMS / 4 ? 2 : 4;
}

/** The power of two that keeps [POSITIONS][ROWS] Vecs within 8 KiB: 32 up to 16 rows, then half as many for twice the rows. */
function stagedPositions(rows: number): number {
  return Math.max(4, Math.min(32, 2 ** Math.floor(Math.log2(512 / rows))));
}
