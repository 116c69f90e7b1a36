// Convolution with shuffled blocks by matrix units: see matrix_units.ts.

import { type Device, type Kernel, kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import {
  matrix_block_conv2d_forward,
  matrix_block_conv2d_grad_columns,
  matrix_block_conv2d_grad_weight,
} from '../../wgsl.generated.js';
import { type BlockTables, TILE_SLOTS } from '../block_conv2d/block_tables.js';
import type { Epilogue } from '../conv2d/epilogue.js';
import { type ConvGeometry, chunkSize, otherChunks, tilingKey, windowParams } from '../conv2d/geometry.js';
import { runKernelOn } from '../launch.js';
import { addParts } from '../reduce/reduce.js';
import { type Tiles, type Tiling, tiled } from '../tiling/tiling.js';
import { forUnits } from './matrix_conv2d.js';
import type { BlockPasses, MatrixUnits } from './matrix_units.js';

const forwardKernel = kernel(matrix_block_conv2d_forward);
const gradColumnsKernel = kernel(matrix_block_conv2d_grad_columns);
const gradWeightKernel = kernel(matrix_block_conv2d_grad_weight);

/** One layer's passes: what they all need. */
interface Pass {
  readonly device: Device;
  readonly units: MatrixUnits;
  readonly geometry: ConvGeometry;
  readonly tables: BlockTables;
}

/**
 * Undefined where blocks are no whole number of matrices, or the batch of vec4s, and where blocks are too large for a workgroup's
 * memory or positions too many for its grid.
 */
export function matrixBlockConv2d(
  device: Device,
  units: MatrixUnits,
  geometry: ConvGeometry,
  tables: BlockTables,
): BlockPasses | undefined {
  const most = Math.max(units.m, units.n, units.k);
  if (tables.blockSize % most !== 0 || geometry.batchSize % 4 !== 0) return undefined;
  const pass = { device, units, geometry, tables };
  // Two halves of inputs, and a result of each subgroup, of which there is one for at least every `n` columns.
  const forwardTilings = positionTilings(pass, (columns) => 4 * tables.blockSize * columns + 4 * units.m * columns);
  const gradTilings = positionTilings(pass, (columns) => 2 * tables.blockSize * columns + 4 * units.m * columns);
  if (forwardTilings.length === 0 || gradTilings.length === 0) return undefined;
  return {
    forward: (x, values, epilogue) => forward(pass, forwardTilings, { x, values, ...epilogue }),
    gradColumns: (gradOutput, values, range) => gradColumns(pass, gradTilings, gradOutput, values, range),
    gradValues: (x, gradOutput) => gradValues(pass, x, gradOutput),
  };
}

function keyOf(operation: string, { geometry, tables: { numBlocks, blockSize } }: Pass): string {
  return tilingKey(operation, geometry, 'f16', `, ${numBlocks} blocks of ${blockSize} by matrix units`);
}

/** Matrices of a subgroup, side by side along the positions, and subgroups of a workgroup. */
interface PositionTiles extends Tiles {
  readonly columnTiles: number;
  readonly subgroups: number;
}

/** What a measurement tries; the first that fits is the usual one. */
const POSITION_TILES = [
  [2, 4],
  [2, 2],
  [1, 4],
  [4, 2],
  [1, 2],
  [1, 8],
] as const;

/** Workgroup memory that every adapter has. */
const SHARED_BYTES = 16384;

/** @param bytesOf workgroup memory for so many positions. */
function positionTilings(
  { device, units, geometry }: Pass,
  bytesOf: (columns: number) => number,
): readonly PositionTiles[] {
  const mostWorkgroups = device.limit('maxComputeWorkgroupsPerDimension');
  return POSITION_TILES.map(([columnTiles, subgroups]) => ({ columnTiles, subgroups })).filter((tiles) => {
    const columns = columnsOf(tiles, units);
    // An invocation gathers for the same positions all along.
    const isEven = (units.subgroup * 4) % (tiles.columnTiles * units.n) === 0;
    return isEven && bytesOf(columns) <= SHARED_BYTES && (geometry.positions * 4) / columns <= mostWorkgroups;
  });
}

/** Of a workgroup: positions, each of one image. */
function columnsOf({ columnTiles, subgroups }: PositionTiles, { n }: MatrixUnits): number {
  return columnTiles * subgroups * n;
}

/** The first is the usual one. */
function tilingOf(tilings: readonly PositionTiles[]): Tiling<PositionTiles> {
  return { usual: tilings[0], others: () => tilings };
}

function variantFor(base: Kernel, { units, tables }: Pass, { columnTiles, subgroups }: PositionTiles): Kernel {
  return forUnits(base, units).with({ BLOCK: tables.blockSize, COLUMN_TILES: columnTiles, SUBGROUPS: subgroups });
}

interface ForwardTensors extends Epilogue {
  readonly x: Tensor;
  readonly values: Tensor;
}

function forward(pass: Pass, tilings: readonly PositionTiles[], { x, values, bias, addend }: ForwardTensors): Tensor {
  const { device, units, geometry, tables } = pass;
  const { outChannels, outHeight, outWidth, batchSize } = geometry;
  const y = Tensor.empty(device, [outChannels, outHeight, outWidth, batchSize], 'f16');
  const tensors = {
    x,
    values,
    group_order: tables.groupOrder,
    group_rows: tables.groupRows,
    group_start: tables.groupStart,
    block_columns: tables.blockColumns,
    added: bias ?? addend ?? values,
    y,
  };
  tiled(device, keyOf('blockConv2d.forward', pass), tilingOf(tilings), (tiles) => {
    const variant = variantFor(forwardKernel, pass, tiles).with({
      BIAS: bias ? 1 : 0,
      ADDEND: addend ? 1 : 0,
      Added: addend ? 'vec4<f16>' : 'f32',
    });
    const workgroups = [Math.ceil((geometry.positions * 4) / columnsOf(tiles, units)), tables.numGroups] as const;
    runKernelOn(variant, tensors, windowParams(geometry), workgroups);
  });
  return y;
}

function gradColumns(
  pass: Pass,
  tilings: readonly PositionTiles[],
  gradOutput: Tensor,
  values: Tensor,
  { start, count }: { readonly start: number; readonly count: number },
): Tensor {
  const { device, units, geometry, tables } = pass;
  const outPixels = geometry.outHeight * geometry.outWidth;
  const result = Tensor.empty(device, [tables.numBlocks * tables.blockSize, outPixels, count * 4], 'f16');
  const tensors = {
    grad_output: gradOutput,
    values,
    group_order: tables.groupOrder,
    group_rows: tables.groupRows,
    group_start: tables.groupStart,
    grad_columns: result,
  };
  tiled(device, keyOf('blockConv2d.gradColumns', pass), tilingOf(tilings), (tiles) => {
    const workgroups = [Math.ceil((outPixels * count * 4) / columnsOf(tiles, units)), tables.numGroups] as const;
    const params = { out_pixels: outPixels, batch: geometry.batch, batch_start: start, batch_count: count };
    runKernelOn(variantFor(gradColumnsKernel, pass, tiles), tensors, params, workgroups);
  });
  return result;
}

/** Positions staged at once, and those of a chunk in vec4s. */
interface GradValuesTiles extends Tiles {
  readonly staged: number;
  readonly chunk: number;
}

function gradValuesTiling({ device, units, geometry, tables }: Pass): Tiling<GradValuesTiles> {
  const { numBlocks, blockSize, numTiles } = tables;
  const partBytes = numBlocks * blockSize * blockSize * 4;
  const chunk = chunkSize(device, geometry.positions, numTiles, partBytes);
  const usual = { staged: 2 * units.k, chunk };
  const others = () => [
    ...[1, 4].map((steps) => ({ ...usual, staged: steps * units.k })),
    ...otherChunks(chunk, geometry.positions, partBytes).map((chunk) => ({ ...usual, chunk })),
  ];
  return { usual, others };
}

function gradValues(pass: Pass, x: Tensor, gradOutput: Tensor): Tensor {
  const { device, units, geometry, tables } = pass;
  const { numBlocks, blockSize, numTiles } = tables;
  const tensors = {
    x,
    grad_output: gradOutput,
    group_rows: tables.groupRows,
    block_columns: tables.blockColumns,
    tiles: tables.tiles,
  };
  return tiled(device, keyOf('blockConv2d.gradWeight', pass), gradValuesTiling(pass), ({ staged, chunk }) => {
    const subgroups = Math.min(4, TILE_SLOTS / units.n);
    const tiles = { BLOCK: blockSize, TILE: TILE_SLOTS, POSITIONS: staged, SUBGROUPS: subgroups };
    const chunks = Math.ceil(geometry.positions / chunk);
    const partial = Tensor.empty(device, [chunks, numBlocks, blockSize, blockSize]);
    const params = { ...windowParams(geometry), chunk, slots: numBlocks * blockSize };
    runKernelOn(forUnits(gradWeightKernel, units).with(tiles), { ...tensors, partial }, params, [numTiles, chunks]);
    return addParts(partial);
  });
}
