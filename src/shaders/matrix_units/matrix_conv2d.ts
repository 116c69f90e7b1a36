// Dense convolution by matrix units: see matrix_units.ts.

import { noGrad } from '../../autograd/index.js';
import { type Device, type Kernel, kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { matrix_conv2d_gather, matrix_conv2d_grad_weight } from '../../wgsl.generated.js';
import { cast } from '../cast/cast.js';
import type { Epilogue } from '../conv2d/epilogue.js';
import {
  type ConvGeometry,
  chunkSize,
  forwardParams,
  type GatherParams,
  gradInputParams,
  otherChunks,
  tilingKey,
  windowParams,
} from '../conv2d/geometry.js';
import { runKernelOn } from '../launch.js';
import { transposed } from '../layout/layout.js';
import { addParts } from '../reduce/reduce.js';
import { dispatchable, type Tiles, type Tiling, tiled } from '../tiling/tiling.js';
import type { DensePasses, MatrixUnits } from './matrix_units.js';

const gatherKernel = kernel(matrix_conv2d_gather);
const gradWeightKernel = kernel(matrix_conv2d_grad_weight);

/** Undefined where channels or batch are no whole number of matrices, and where these are too many for a grid. */
export function matrixConv2d(device: Device, units: MatrixUnits, geometry: ConvGeometry): DensePasses | undefined {
  const { inChannels, outChannels, batchSize } = geometry;
  const most = Math.max(units.m, units.n, units.k);
  if ([inChannels, outChannels, batchSize].some((extent) => extent % most !== 0)) return undefined;
  const pixels = Math.max(geometry.height * geometry.width, geometry.outHeight * geometry.outWidth);
  const mostWorkgroups = device.limit('maxComputeWorkgroupsPerDimension');
  if ((pixels * batchSize) / units.n > MOST_COLUMN_TILES * mostWorkgroups) return undefined;
  return {
    prepare: (weight) => tapsFirst(weight),
    forward: (x, weight, epilogue) => forward(device, units, geometry, { x, weight, ...epilogue }),
    gradInput: (gradOutput, weight, addend) => gradInput(device, units, geometry, { x: gradOutput, weight, addend }),
    gradWeight: (x, gradOutput) => gradWeight(device, units, geometry, x, gradOutput),
  };
}

/** The variant of a kernel for an adapter's units. Such kernels declare `UNIT_M`, `UNIT_N`, `UNIT_K` and `SUBGROUP`. */
export function forUnits(base: Kernel, { m, n, k, subgroup }: MatrixUnits): Kernel {
  return base.with({ UNIT_M: m, UNIT_N: n, UNIT_K: k, SUBGROUP: subgroup });
}

/** [O,I,KH,KW] -> [KH*KW,O,I] of f16, in which channels lie side by side. */
function tapsFirst(weight: Tensor): Tensor {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape;
  const taps = kernelHeight * kernelWidth;
  return noGrad(() => {
    const sorted = transposed(weight, outChannels * inChannels, taps, [taps, outChannels, inChannels]);
    const half = cast(sorted, 'f16');
    sorted.dispose();
    return half;
  });
}

/** Matrices of a subgroup, down and across, and subgroups of a workgroup. */
interface MatrixTiles extends Tiles {
  readonly rowTiles: number;
  readonly columnTiles: number;
  readonly subgroups: number;
}

/** Those that a measurement tries: matrices down, across, and subgroups. */
const MATRIX_TILES = [
  [1, 2, 4],
  [1, 4, 4],
  [2, 1, 4],
  [2, 2, 4],
  [2, 4, 4],
  [4, 1, 4],
  [4, 2, 4],
  [4, 4, 4],
  [2, 2, 8],
  [2, 4, 2],
] as const;

/** Matrices that lie across a workgroup at most, whatever the number of rows. */
const MOST_COLUMN_TILES = Math.max(
  ...MATRIX_TILES.map(([rows, columns, subgroups]) => (rows === 1 ? columns * subgroups : 0)),
);

/** Workgroups that keep a large GPU busy. */
const ENOUGH_WORKGROUPS = 512;

/** @param rows, columns of the result, in matrices. */
function gatherTiling(device: Device, rows: number, columns: number): Tiling<MatrixTiles> {
  const fits = ({ rowTiles }: MatrixTiles) => rows % rowTiles === 0;
  const all = MATRIX_TILES.map(([rowTiles, columnTiles, subgroups]) => ({ rowTiles, columnTiles, subgroups }));
  const across = ({ columnTiles, subgroups }: MatrixTiles) => Math.ceil(columns / (columnTiles * subgroups));
  const rowTiles = rows % 2 === 0 ? 2 : 1;
  const usual = [4, 2]
    .map((columnTiles) => ({ rowTiles, columnTiles, subgroups: 4 }))
    .find((tiles) => across(tiles) * (rows / rowTiles) >= ENOUGH_WORKGROUPS);
  const few = { rowTiles: 1, columnTiles: 1, subgroups: 4 };
  return dispatchable(device, { usual: usual ?? few, others: () => all.filter(fits) }, across);
}

interface GatherTensors extends Epilogue {
  readonly x: Tensor;
  readonly weight: Tensor;
}

function forward(device: Device, units: MatrixUnits, geometry: ConvGeometry, tensors: GatherTensors): Tensor {
  const { inChannels, outChannels, outHeight, outWidth, batchSize } = geometry;
  const y = Tensor.empty(device, [outChannels, outHeight, outWidth, batchSize], 'f16');
  gather('conv2d.forward', units, geometry, { ...tensors, y }, gatherKernel, {
    ...forwardParams(geometry),
    row_stride: inChannels,
    channel_stride: 1,
  });
  return y;
}

function gradInput(device: Device, units: MatrixUnits, geometry: ConvGeometry, tensors: GatherTensors): Tensor {
  const { inChannels, height, width, batchSize } = geometry;
  const y = Tensor.empty(device, [inChannels, height, width, batchSize], 'f16');
  const byColumns = gatherKernel.with({
    left_at: 'subgroupMatrixLoad<Left, col_major>(&weight, at, params.line_stride)',
  });
  gather('conv2d.gradInput', units, geometry, { ...tensors, y }, byColumns, {
    ...gradInputParams(geometry),
    row_stride: 1,
    channel_stride: inChannels,
  });
  return y;
}

function gather(
  operation: string,
  units: MatrixUnits,
  geometry: ConvGeometry,
  { x, weight, bias, addend, y }: GatherTensors & { readonly y: Tensor },
  base: Kernel,
  params: GatherParams,
): void {
  const { down } = params;
  const rows = y.shape[0] / units.m;
  const pixels = Math.ceil(params.out_height / down) * Math.ceil(params.out_width / down);
  const columns = (pixels * geometry.batchSize) / units.n;
  const key = tilingKey(operation, geometry, 'f16', ' by matrix units');
  tiled(x.device, key, gatherTiling(x.device, rows, columns), ({ rowTiles, columnTiles, subgroups }) => {
    const tiles = { ROW_TILES: rowTiles, COLUMN_TILES: columnTiles, SUBGROUPS: subgroups };
    const variant = forUnits(base, units)
      .with(tiles)
      .with({ BIAS: bias ? 1 : 0, ADDEND: addend ? 1 : 0 });
    const all = {
      ...params,
      batch: geometry.batchSize,
      kernel_height: geometry.kernelHeight,
      kernel_width: geometry.kernelWidth,
      tap_stride: geometry.inChannels * geometry.outChannels,
      line_stride: geometry.inChannels,
    };
    const across = Math.ceil(columns / (columnTiles * subgroups));
    const workgroups = [across, rows / rowTiles, down * down] as const;
    runKernelOn(variant, { x, weight, bias: bias ?? weight, addend: addend ?? weight, y }, all, workgroups);
  });
}

/** Positions of a chunk beside. */
interface GradWeightTiles extends MatrixTiles {
  readonly chunk: number;
}

function gradWeightTiling(device: Device, { m, n, k }: MatrixUnits, geometry: ConvGeometry): Tiling<GradWeightTiles> {
  const { inChannels, outChannels, kernelHeight, kernelWidth, outHeight, outWidth, batchSize } = geometry;
  const rows = outChannels / m;
  const columns = inChannels / n;
  const taps = kernelHeight * kernelWidth;
  const partBytes = outChannels * inChannels * taps * 4;
  const steps = (outHeight * outWidth * batchSize) / k;
  const withChunk = (rowTiles: number, columnTiles: number, subgroups: number) => {
    const workgroups = Math.ceil((columns * taps) / columnTiles / subgroups) * (rows / rowTiles);
    return { rowTiles, columnTiles, subgroups, chunk: k * chunkSize(device, steps, workgroups, partBytes) };
  };
  const usual = withChunk(rows % 2 === 0 ? 2 : 1, columns % 2 === 0 ? 2 : 1, 4);
  const others = () => [
    ...MATRIX_TILES.filter(([down, across]) => rows % down === 0 && columns % across === 0).map(
      ([down, across, subgroups]) => withChunk(down, across, subgroups),
    ),
    ...otherChunks(usual.chunk / k, steps, partBytes).map((chunk) => ({ ...usual, chunk: chunk * k })),
  ];
  return { usual, others };
}

function gradWeight(device: Device, units: MatrixUnits, geometry: ConvGeometry, x: Tensor, gradOutput: Tensor): Tensor {
  const { inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, batchSize } = geometry;
  const key = tilingKey('conv2d.gradWeight', geometry, 'f16', ' by matrix units');
  const tiling = gradWeightTiling(device, units, geometry);
  return tiled(device, key, tiling, ({ rowTiles, columnTiles, subgroups, chunk }) => {
    const tiles = { ROW_TILES: rowTiles, COLUMN_TILES: columnTiles, SUBGROUPS: subgroups };
    const variant = forUnits(gradWeightKernel, units).with(tiles);
    const chunks = Math.ceil((outHeight * outWidth * batchSize) / chunk);
    const partial = Tensor.empty(device, [chunks, outChannels, inChannels, kernelHeight, kernelWidth]);
    const params = {
      rows: outChannels,
      channels: inChannels,
      ...windowParams(geometry),
      batch: batchSize,
      chunk,
    };
    const columnBlocks = ((inChannels / units.n) * kernelHeight * kernelWidth) / columnTiles;
    const workgroups = [Math.ceil(columnBlocks / subgroups), outChannels / units.m / rowTiles, chunks] as const;
    runKernelOn(variant, { x, grad_output: gradOutput, partial }, params, workgroups);
    return addParts(partial);
  });
}
