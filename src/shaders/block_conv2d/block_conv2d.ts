// Shuffled-block convolution: like conv2d with a weight whose kept entries stand in blocks. See docs/format.md.

import { needsGrad, record, withValuesOf } from '../../autograd/index.js';
import { type Kernel, kernel } from '../../device/index.js';
import { type ActivationType, formatShape, Tensor } from '../../tensor/index.js';
import {
  block_conv2d_forward,
  block_conv2d_grad_columns,
  block_conv2d_grad_input,
  block_conv2d_grad_weight,
} from '../../wgsl.generated.js';
import { add } from '../add/add.js';
import { biasGradient } from '../add_bias/add_bias.js';
import { checkOptions } from '../check_options.js';
import { computeCopy, conv2dGradWeight } from '../conv2d/conv2d.js';
import { checkEpilogue, type Epilogue, withEpilogue } from '../conv2d/epilogue.js';
import {
  CONV2D_OPTIONS,
  type Conv2dOptions,
  type ConvGeometry,
  conv2dGeometry,
  tilingKey,
  windowParams,
} from '../conv2d/geometry.js';
import { activationType, forBatch, lanesOf, runKernelOn } from '../launch.js';
import { blockPasses } from '../matrix_units/matrix_units.js';
import { withPartial } from '../part_statistics.js';
import { addParts } from '../reduce/reduce.js';
import { largestSubgroup, withSharers } from '../sharers.js';
import { tiled } from '../tiling/tiling.js';
import {
  type GradInputTiles,
  gradInputPhases,
  gradInputTiling,
  gradValuesTiling,
  MOST_ROWS,
  positionTiling,
} from './block_conv2d_tiles.js';
import { type BlockTables, TILE_SLOTS } from './block_tables.js';

const forwardKernel = kernel(block_conv2d_forward);
const gradColumnsKernel = kernel(block_conv2d_grad_columns);
const gradInputKernel = kernel(block_conv2d_grad_input);
const gradWeightKernel = kernel(block_conv2d_grad_weight);

export interface BlockConv2dOptions extends Conv2dOptions {
  /** Called in the backward pass with the dense gradient [O,I,KH,KW]: growth scores. It is freed afterwards: to retain it, `keep(gradient.view(gradient.shape))`. */
  readonly onDenseGradient?: (gradient: Tensor) => void;
}

/**
 * x [I,H,W,N], values [numBlocks,B,B] (block, column slot, row slot), tables of [O, I*KH*KW] and their kernel [KH,KW] -> y [O,OH,OW,N].
 * Gradients: x, the kept values only, and bias. y has the type of x; the values and their gradient are f32, and products are summed in f32.
 */
export function blockConv2d(x: Tensor, values: Tensor, tables: BlockTables, options: BlockConv2dOptions = {}): Tensor {
  checkOptions('blockConv2d', options, [...CONV2D_OPTIONS, 'onDenseGradient']);
  const weightShape = [tables.rows, tables.columns / tables.taps, ...tables.kernel];
  const geometry = conv2dGeometry('blockConv2d', x.shape, weightShape, options);
  const expected = [tables.numBlocks, tables.blockSize, tables.blockSize];
  if (formatShape(values.shape) !== formatShape(expected)) {
    throw new Error(`blockConv2d: expected values ${formatShape(expected)}, got ${formatShape(values.shape)}`);
  }
  const { bias, addend, statistics } = options;
  if (bias && addend) {
    return add(blockConv2d(x, values, tables, { ...options, addend: undefined, statistics: false }), addend);
  }
  const copy = computeCopy('blockConv2d', values, x);
  const y = blockConv2dForward(x, copy, tables, geometry, { bias, addend, statistics });
  const added = bias ?? addend;
  return record('blockConv2d', y, added ? [x, values, added] : [x, values], (gradOutput, gathered) => {
    const gradValues = withValuesOf(x, (x) => {
      if (options.onDenseGradient) {
        const dense = conv2dGradWeight(x, gradOutput, geometry);
        options.onDenseGradient(dense);
        dense.dispose();
      }
      return needsGrad(values) ? blockConv2dGradValues(x, gradOutput, tables, geometry) : undefined;
    });
    return [
      needsGrad(x) ? blockConv2dGradInput(gradOutput, copy, tables, geometry, gathered(0)) : undefined,
      gradValues,
      bias && needsGrad(bias) ? biasGradient(gradOutput) : addend && gradOutput,
    ];
  });
}

export function blockConv2dForward(
  x: Tensor,
  values: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
  epilogue: Epilogue = {},
): Tensor {
  const dtype = activationType('blockConv2d', x);
  const shape = [geometry.outChannels, geometry.outHeight, geometry.outWidth, geometry.batchSize];
  checkEpilogue('blockConv2d', epilogue, shape, dtype);
  const matrix = blockPasses(x.device, geometry, tables, dtype);
  if (matrix) return matrix.forward(x, values, epilogue);
  const y = Tensor.empty(x.device, shape, dtype);
  const params = { rows: geometry.outChannels, ...windowParams(geometry) };
  const whole = withEpilogue(forBatch(forwardKernel, geometry.batchSize, dtype), epilogue);
  const variant = forBlocks(whole, tables.blockSize, values);
  const tensors = {
    x,
    values,
    group_rows: tables.groupRows,
    runs: tables.runs,
    run_columns: tables.runColumns,
    added: epilogue.bias ?? epilogue.addend ?? values,
    y,
  };
  const tiling = positionTiling(x.device, forwardKernel, tables.blockSize, geometry.positions);
  tiled(
    x.device,
    keyOf('blockConv2d.forward', geometry, tables, dtype),
    tiling,
    ({ columns, threads, sharers, strip }) => {
      const kernel = withSharers(variant, sharers).with({ COLUMNS: columns, WORKGROUP_SIZE: threads, STRIP: strip });
      const partLength = threads * columns;
      const parts = Math.ceil(geometry.positions / partLength);
      withPartial(y, epilogue.statistics, { parts, partLength }, (partial) =>
        runKernelOn(kernel, { ...tensors, partial }, params, [parts, tables.numGroups]),
      );
    },
  );
  return y;
}

function keyOf(
  operation: string,
  geometry: ConvGeometry,
  { numBlocks, blockSize }: BlockTables,
  dtype: ActivationType,
): string {
  return tilingKey(operation, geometry, dtype, `, ${numBlocks} blocks of ${blockSize}`);
}

/**
 * The variant of a kernel for a block size and the type of the values. Such kernels declare `const BLOCK: u32 = 16;`,
 * `alias Value = vec4<f32>;` and `alias StoredValue = vec4<f32>;`.
 */
function forBlocks(base: Kernel, blockSize: number, values: Tensor): Kernel {
  const dtype = activationType('blockConv2d', values);
  const isWhole = blockSize % 4 === 0;
  const types = { Value: isWhole ? 'vec4<f32>' : 'f32', StoredValue: isWhole ? `vec4<${dtype}>` : dtype };
  return base.with({ BLOCK: blockSize }).with(types);
}

/**
 * In two passes over scratch memory, a part of the batch at a time: column gradients, then a gather by input channel.
 * @param addend see `conv2dGradInput`.
 */
export function blockConv2dGradInput(
  gradOutput: Tensor,
  values: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
  addend?: Tensor,
): Tensor {
  const { device } = gradOutput;
  const { inChannels, height, width, batchSize, batch } = geometry;
  const dtype = activationType('blockConv2d', gradOutput);
  const gradInput = Tensor.empty(device, [inChannels, height, width, batchSize], dtype);
  const matrix = blockPasses(device, geometry, tables, dtype);
  const tiling = gradInputTiling(device, [gradColumnsKernel, gradInputKernel], tables, geometry, dtype);
  tiled(device, keyOf('blockConv2d.gradInput', geometry, tables, dtype), tiling, (tiles) => {
    for (let start = 0; start < batch; start += tiles.batch) {
      const range = { start, count: Math.min(tiles.batch, batch - start) };
      const gradColumns = matrix
        ? matrix.gradColumns(gradOutput, values, range)
        : columnGradients(gradOutput, values, tables, geometry, range, tiles);
      gatherColumnGradients(gradColumns, addend, gradInput, tables, geometry, range, tiles);
      gradColumns.dispose();
    }
  });
  return gradInput;
}

/** Of a batch, in Vecs. */
interface VecRange {
  readonly start: number;
  readonly count: number;
}

/** Gradients of the kept columns of the unrolled input: [slots, OH*OW, count]. */
function columnGradients(
  gradOutput: Tensor,
  values: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
  { start, count }: VecRange,
  { columns, threads, sharers, strip }: GradInputTiles,
): Tensor {
  const outPixels = geometry.outHeight * geometry.outWidth;
  const slots = tables.numBlocks * tables.blockSize;
  const dtype = activationType('blockConv2d', gradOutput);
  const shape = [slots, outPixels, count * lanesOf(geometry.batchSize)];
  const gradColumns = Tensor.empty(gradOutput.device, shape, dtype);
  const tensors = {
    grad_output: gradOutput,
    values,
    group_order: tables.groupOrder,
    group_rows: tables.groupRows,
    group_start: tables.groupStart,
    grad_columns: gradColumns,
  };
  const variant = forBlocks(forBatch(gradColumnsKernel, geometry.batchSize, dtype), tables.blockSize, values);
  const kernel = withSharers(variant, sharers).with({ COLUMNS: columns, WORKGROUP_SIZE: threads, STRIP: strip });
  const params = { out_pixels: outPixels, batch: geometry.batch, batch_start: start, batch_count: count };
  runKernelOn(kernel, tensors, params, [Math.ceil((outPixels * count) / (threads * columns)), tables.numGroups]);
  return gradColumns;
}

function gatherColumnGradients(
  gradColumns: Tensor,
  addend: Tensor | undefined,
  gradInput: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
  { start, count }: VecRange,
  { gatherColumns, groupChannels, threads, strip }: GradInputTiles,
): void {
  const tensors = {
    grad_columns: gradColumns,
    channel_start: tables.channelStart,
    channel_columns: tables.channelColumns,
    addend: addend ?? gradColumns,
    grad_input: gradInput,
  };
  const { inChannels, height, width } = geometry;
  const params = {
    channels: inChannels,
    group_channels: groupChannels,
    height,
    width,
    batch: geometry.batch,
    batch_start: start,
    batch_count: count,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    padding_y: geometry.paddingY,
    padding_x: geometry.paddingX,
  };
  const { kernelWidth, stride } = geometry;
  const dtype = activationType('blockConv2d', gradColumns, gradInput);
  const phases = gradInputPhases(geometry);
  const variant = forBatch(gradInputKernel, geometry.batchSize, dtype).with({
    KERNEL_WIDTH: kernelWidth,
    ADDEND: addend ? 1 : 0,
    STRIDE: stride,
    PHASES: phases,
  });
  const kernel = variant.with({ COLUMNS: gatherColumns, WORKGROUP_SIZE: threads, STRIP: strip });
  const pixels = Math.ceil(height / phases) * Math.ceil(width / phases);
  const across = Math.ceil((pixels * count) / (threads * gatherColumns));
  runKernelOn(kernel, tensors, params, [across, Math.ceil(inChannels / groupChannels), phases * phases]);
}

export function blockConv2dGradValues(
  x: Tensor,
  gradOutput: Tensor,
  tables: BlockTables,
  geometry: ConvGeometry,
): Tensor {
  const { device } = x;
  const { numBlocks, blockSize, numTiles } = tables;
  const tensors = {
    x,
    grad_output: gradOutput,
    group_rows: tables.groupRows,
    block_columns: tables.blockColumns,
    tiles: tables.tiles,
  };
  const dtype = activationType('blockConv2d', x, gradOutput);
  const matrix = blockPasses(device, geometry, tables, dtype);
  if (matrix) return matrix.gradValues(x, gradOutput);
  const tiling = gradValuesTiling(device, tables, geometry);
  return tiled(
    device,
    keyOf('blockConv2d.gradWeight', geometry, tables, dtype),
    tiling,
    ({ columns, staged, chunk, sharers }) => {
      const rows = Math.min(blockSize, MOST_ROWS);
      const whole = withSharers(forBatch(gradWeightKernel, geometry.batchSize, dtype), sharers);
      const variant = whole.with({ LEAST_COLUMN_THREADS: sharers === 1 ? 1 : largestSubgroup(device) });
      const kernel = variant.with({
        BLOCK: blockSize,
        ROWS: rows,
        COLUMNS: columns,
        TILE: TILE_SLOTS,
        POSITIONS: staged,
      });
      const chunks = Math.ceil(geometry.positions / chunk);
      const partial = Tensor.empty(device, [chunks, numBlocks, blockSize, blockSize]);
      const params = {
        ...windowParams(geometry),
        chunk,
        slots: numBlocks * blockSize,
      };
      runKernelOn(kernel, { ...tensors, partial }, params, [numTiles, chunks, Math.ceil(blockSize / rows)]);
      return addParts(partial);
    },
  );
}
