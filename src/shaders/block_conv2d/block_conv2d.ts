// Shuffled-block convolution: like conv2d with a weight whose kept entries stand in blocks. See docs/format.md.

import { needsGrad, record } from '../../autograd/index.js';
import { type Device, type Kernel, kernel } from '../../device/index.js';
import { formatShape, Tensor } from '../../tensor/index.js';
import {
  block_conv2d_forward,
  block_conv2d_grad_columns,
  block_conv2d_grad_input,
  block_conv2d_grad_weight,
} from '../../wgsl.generated.js';
import { addParts, conv2dGradWeight } from '../conv2d/conv2d.js';
import {
  type Conv2dOptions,
  type ConvGeometry,
  chunkSize,
  columnsPerThread,
  conv2dGeometry,
  weightColumnsPerThread,
} from '../conv2d/geometry.js';
import { forBatch, lanesOf, runKernelOn } from '../launch.js';
import { type BlockTables, TILE_SLOTS } from './block_tables.js';

const forwardKernel = kernel(block_conv2d_forward);
const gradColumnsKernel = kernel(block_conv2d_grad_columns);
const gradInputKernel = kernel(block_conv2d_grad_input);
const gradWeightKernel = kernel(block_conv2d_grad_weight);

/** Most memory for the column gradients of one pass over a part of the batch. On a CPU they should stay in its cache. */
const COLUMN_BYTES = 64 * 1024 * 1024;
const COLUMN_BYTES_SOFTWARE = 8 * 1024 * 1024;

export interface BlockConv2dOptions extends Conv2dOptions {
  /** [KH, KW]; default [1, 1]. */
  readonly kernel?: readonly [number, number];
  /** Called in the backward pass with the dense gradient [O,I,KH,KW]: growth scores. The callee keeps what it retains. */
  readonly onDenseGradient?: (gradient: Tensor) => void;
}

/**
 * x [I,H,W,N], values [numBlocks,B,B] (block, column slot, row slot), tables of [O, I*KH*KW] -> y [O,OH,OW,N].
 * Gradients: x, and the kept values only.
 */
export function blockConv2d(x: Tensor, values: Tensor, tables: BlockTables, options: BlockConv2dOptions = {}): Tensor {
  const [kernelHeight, kernelWidth] = options.kernel ?? [1, 1];
  const weightShape = [tables.rows, tables.columns / tables.taps, kernelHeight, kernelWidth];
  if (kernelHeight * kernelWidth !== tables.taps) {
    throw new Error(`blockConv2d: expected a kernel of ${tables.taps} taps, got [${kernelHeight},${kernelWidth}]`);
  }
  const geometry = conv2dGeometry('blockConv2d', x.shape, weightShape, options);
  const expected = [tables.numBlocks, tables.blockSize, tables.blockSize];
  if (formatShape(values.shape) !== formatShape(expected)) {
    throw new Error(`blockConv2d: expected values ${formatShape(expected)}, got ${formatShape(values.shape)}`);
  }
  return record('blockConv2d', blockConv2dForward(x, values, tables, geometry), [x, values], (gradOutput) => {
    if (options.onDenseGradient) {
      const dense = conv2dGradWeight(x, gradOutput, geometry);
      options.onDenseGradient(dense);
      dense.dispose();
    }
    return [
      needsGrad(x) ? blockConv2dGradInput(gradOutput, values, tables, geometry) : undefined,
      needsGrad(values) ? blockConv2dGradValues(x, gradOutput, tables, geometry) : undefined,
    ];
  });
}

export function blockConv2dForward(x: Tensor, values: Tensor, tables: BlockTables, geometry: ConvGeometry): Tensor {
  const y = Tensor.empty(x.device, [geometry.outChannels, geometry.outHeight, geometry.outWidth, geometry.batchSize]);
  const params = {
    height: geometry.height,
    width: geometry.width,
    batch: geometry.batch,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    kernel_height: geometry.kernelHeight,
    kernel_width: geometry.kernelWidth,
    stride: geometry.stride,
    padding_y: geometry.paddingY,
    padding_x: geometry.paddingX,
  };
  const variant = forBlocks(forBatch(forwardKernel, geometry.batchSize), tables.blockSize);
  const { tiled, across } = tile(x.device, variant, tables, geometry.positions);
  const tensors = {
    x,
    values,
    group_order: tables.groupOrder,
    group_rows: tables.groupRows,
    run_start: tables.runStart,
    run_columns: tables.runColumns,
    y,
  };
  runKernelOn(tiled, tensors, params, [across, tables.numGroups]);
  return y;
}

/** One Vec a thread instead of several where there are few positions; no third variant, since compiling costs time. */
function tile(device: Device, base: Kernel, tables: BlockTables, positions: number): { tiled: Kernel; across: number } {
  const threads = base.constant('WORKGROUP_SIZE');
  const most = columnsPerThread(device, tables.blockSize);
  const columns = positions * 2 > threads * most ? most : 1;
  return { tiled: base.with({ COLUMNS: columns }), across: Math.ceil(positions / (threads * columns)) };
}

/** The variant of a kernel for a block size; such kernels declare `alias Value = vec4<f32>;` and `const BLOCK: u32 = 16;`. */
function forBlocks(base: Kernel, blockSize: number): Kernel {
  return base.with({ BLOCK: blockSize, Value: blockSize % 4 === 0 ? 'vec4<f32>' : 'f32' });
}

/** In two passes over scratch memory, a part of the batch at a time: column gradients, then a gather by input channel. */
export function blockConv2dGradInput(
  gradOutput: Tensor,
  values: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
): Tensor {
  const { device } = gradOutput;
  const { inChannels, height, width, outHeight, outWidth, batchSize, batch } = geometry;
  const result = Tensor.empty(device, [inChannels, height, width, batchSize]);
  const slots = tables.numBlocks * tables.blockSize;
  const outPixels = outHeight * outWidth;
  const mostBytes = device.info.isSoftware ? COLUMN_BYTES_SOFTWARE : COLUMN_BYTES;
  const vecBytes = slots * outPixels * lanesOf(batchSize) * 4;
  const mostVecs = Math.max(1, Math.min(batch, Math.floor(mostBytes / vecBytes)));
  const columnsKernel = forBlocks(forBatch(gradColumnsKernel, batchSize), tables.blockSize);
  const gatherKernel = forBatch(gradInputKernel, batchSize);
  const groupChannels = device.info.isSoftware ? 8 : 1;

  for (let start = 0; start < batch; start += mostVecs) {
    const count = Math.min(mostVecs, batch - start);
    const gradColumns = Tensor.empty(device, [slots, outPixels, count * lanesOf(batchSize)]);
    const range = { batch, batch_start: start, batch_count: count };
    const { tiled, across } = tile(device, columnsKernel, tables, outPixels * count);
    const columnTensors = {
      grad_output: gradOutput,
      values,
      group_order: tables.groupOrder,
      group_rows: tables.groupRows,
      group_start: tables.groupStart,
      grad_columns: gradColumns,
    };
    runKernelOn(tiled, columnTensors, { out_pixels: outPixels, ...range }, [across, tables.numGroups]);
    const gatherTensors = {
      grad_columns: gradColumns,
      channel_start: tables.channelStart,
      channel_columns: tables.channelColumns,
      grad_input: result,
    };
    const gatherParams = {
      channels: inChannels,
      group_channels: groupChannels,
      height,
      width,
      ...range,
      out_height: outHeight,
      out_width: outWidth,
      kernel_width: geometry.kernelWidth,
      stride: geometry.stride,
      padding_y: geometry.paddingY,
      padding_x: geometry.paddingX,
    };
    const gather = tile(device, gatherKernel, tables, height * width * count);
    runKernelOn(gather.tiled, gatherTensors, gatherParams, [gather.across, Math.ceil(inChannels / groupChannels)]);
    gradColumns.dispose();
  }
  return result;
}

/** The power of two that keeps [POSITIONS][BLOCK] Vecs within 8 KiB: 32 up to B = 16, then half as many for twice the rows. */
function stagedPositions(blockSize: number): number {
  return Math.max(4, Math.min(32, 2 ** Math.floor(Math.log2(512 / blockSize))));
}

export function blockConv2dGradValues(
  x: Tensor,
  gradOutput: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
): Tensor {
  const { device } = x;
  const { numBlocks, blockSize, numTiles } = tables;
  const tiled = forBatch(gradWeightKernel, geometry.batchSize).with({
    BLOCK: blockSize,
    COLUMNS: weightColumnsPerThread(device, blockSize),
    TILE: TILE_SLOTS,
    POSITIONS: stagedPositions(blockSize),
  });
  const chunk = chunkSize(device, geometry.positions, numTiles, numBlocks * blockSize * blockSize * 4);
  const chunks = Math.ceil(geometry.positions / chunk);
  const partial = Tensor.empty(device, [chunks, numBlocks, blockSize, blockSize]);
  const params = {
    height: geometry.height,
    width: geometry.width,
    batch: geometry.batch,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    kernel_height: geometry.kernelHeight,
    kernel_width: geometry.kernelWidth,
    stride: geometry.stride,
    padding_y: geometry.paddingY,
    padding_x: geometry.paddingX,
    chunk,
    slots: numBlocks * blockSize,
  };
  const tensors = {
    x,
    grad_output: gradOutput,
    group_rows: tables.groupRows,
    block_columns: tables.blockColumns,
    tiles: tables.tiles,
    partial,
  };
  runKernelOn(tiled, tensors, params, [numTiles, chunks]);
  return addParts(partial);
}
