// Two-dimensional convolution (cross-correlation, as in PyTorch's conv2d): x [I,H,W,N], weight [O,I,KH,KW] -> y [O,OH,OW,N].

import { needsGrad, noGrad, record, withValuesOf } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { formatShape, Tensor } from '../../tensor/index.js';
import { conv2d_gather, conv2d_grad_weight } from '../../wgsl.generated.js';
import { add } from '../add/add.js';
import { biasGradient } from '../add_bias/add_bias.js';
import { cast } from '../cast/cast.js';
import { checkOptions } from '../check_options.js';
import { activationType, forBatch, runKernelOn } from '../launch.js';
import { densePasses } from '../matrix_units/matrix_units.js';
import { withPartial } from '../part_statistics.js';
import { addParts } from '../reduce/reduce.js';
import { withSharers } from '../sharers.js';
import { tiled } from '../tiling/tiling.js';
import { gatherPositions, gatherTiling, gradWeightTiling } from './conv2d_tiles.js';
import { checkEpilogue, type Epilogue, withEpilogue } from './epilogue.js';
import {
  CONV2D_OPTIONS,
  type Conv2dOptions,
  type ConvGeometry,
  conv2dGeometry,
  forwardParams,
  type GatherParams,
  gradInputParams,
  tilingKey,
  windowParams,
} from './geometry.js';

const gatherKernel = kernel(conv2d_gather);
const gradWeightKernel = kernel(conv2d_grad_weight);

/**
 * y[o, oy, ox, n] = bias[o] + sum over i, ky, kx of weight[o, i, ky, kx] * x[i, oy*stride - padding + ky, ox*stride - padding + kx, n].
 * With `addend` plus that. y has the type of x; weight, bias and their gradients are f32, and products are summed in f32.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOptions('conv2d', options, CONV2D_OPTIONS);
  const geometry = conv2dGeometry('conv2d', x.shape, weight.shape, options);
  const { bias, addend, statistics } = options;
  if (bias && addend) return add(conv2d(x, weight, { ...options, addend: undefined, statistics: false }), addend);
  const operation = { name: 'conv2d', attributes: { ...geometry, hasAddend: addend !== undefined } };
  const copy = conv2dWeight(x, weight, geometry);
  const y = conv2dForward(x, copy, geometry, { bias, addend, statistics });
  const added = bias ?? addend;
  return record(operation, y, added ? [x, weight, added] : [x, weight], (gradOutput, gathered) => [
    needsGrad(x) ? conv2dGradInput(gradOutput, copy, geometry, gathered(0)) : undefined,
    needsGrad(weight) ? withValuesOf(x, (values) => conv2dGradWeight(values, gradOutput, geometry)) : undefined,
    bias && needsGrad(bias) ? biasGradient(gradOutput) : addend && gradOutput,
  ]);
}

/** The weight [O,I,KH,KW] in the type and form in which the passes of a convolution of `x` read it. */
export function conv2dWeight(x: Tensor, weight: Tensor, geometry: ConvGeometry): Tensor {
  const matrix = densePasses(x.device, geometry, activationType('conv2d', x));
  return matrix ? matrix.prepare(weight) : computeCopy('conv2d', weight, x);
}

/** The weight in the type of the activations that it meets: f16 next to f16, which halves what kernels read of it. */
export function computeCopy(operation: string, weight: Tensor, x: Tensor): Tensor {
  const dtype = activationType(operation, x);
  if (weight.dtype !== 'f32') {
    throw new Error(`${operation}: expected a weight of f32, got ${weight.dtype} ${formatShape(weight.shape)}`);
  }
  return dtype === 'f32' ? weight : noGrad(() => cast(weight, dtype));
}

/** @param weight as `conv2dWeight` returns it. */
export function conv2dForward(x: Tensor, weight: Tensor, geometry: ConvGeometry, epilogue: Epilogue = {}): Tensor {
  const { inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const shape = [outChannels, outHeight, outWidth, geometry.batchSize];
  const dtype = activationType('conv2d', x);
  checkEpilogue('conv2d', epilogue, shape, dtype);
  const matrix = densePasses(x.device, geometry, dtype);
  if (matrix) return matrix.forward(x, weight, epilogue);
  const y = Tensor.empty(x.device, shape, dtype);
  gather('conv2d.forward', { x, weight, y, ...epilogue }, geometry, {
    ...forwardParams(geometry),
    rows: outChannels,
    row_stride: inChannels * kernelHeight * kernelWidth,
    channel_stride: kernelHeight * kernelWidth,
  });
  return y;
}

/**
 * @param weight as `conv2dWeight` returns it.
 * @param addend of the shape of the result, which it is added to: what other uses of the input have passed to it.
 */
export function conv2dGradInput(gradOutput: Tensor, weight: Tensor, geometry: ConvGeometry, addend?: Tensor): Tensor {
  const { inChannels, height, width, kernelHeight, kernelWidth } = geometry;
  const matrix = densePasses(gradOutput.device, geometry, activationType('conv2d', gradOutput));
  if (matrix) return matrix.gradInput(gradOutput, weight, addend);
  const shape = [inChannels, height, width, geometry.batchSize];
  const gradInput = Tensor.empty(gradOutput.device, shape, gradOutput.dtype);
  gather('conv2d.gradInput', { x: gradOutput, weight, addend, y: gradInput }, geometry, {
    ...gradInputParams(geometry),
    rows: inChannels,
    row_stride: kernelHeight * kernelWidth,
    channel_stride: inChannels * kernelHeight * kernelWidth,
  });
  return gradInput;
}

interface GatherTensors extends Epilogue {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly y: Tensor;
}

function gather(
  operation: string,
  { x, weight, y, ...epilogue }: GatherTensors,
  geometry: ConvGeometry,
  params: GatherParams & { readonly rows: number },
): void {
  const { device } = x;
  const { down } = params;
  const positions = Math.ceil(params.out_height / down) * Math.ceil(params.out_width / down) * geometry.batch;
  const tiling = gatherTiling(device, gatherKernel, params.rows, positions);
  const dtype = activationType(operation, x, y);
  tiled(device, tilingKey(operation, geometry, dtype), tiling, (tiles) => {
    const { rows, columns, threads, rowThreads, sharers } = tiles;
    const typed = forBatch(gatherKernel, geometry.batchSize, dtype);
    const variant = withEpilogue(typed.with({ StoredWeight: activationType(operation, weight) }), epilogue);
    const kernel = withSharers(variant, sharers).with({ COLUMNS: columns, ROWS: rows, WORKGROUP_SIZE: threads });
    const partLength = gatherPositions(tiles);
    const across = Math.ceil(positions / partLength);
    const rowTiles = Math.ceil(params.rows / (rows * rowThreads));
    const shared = {
      batch: geometry.batch,
      kernel_height: geometry.kernelHeight,
      kernel_width: geometry.kernelWidth,
      row_threads: rowThreads,
    };
    const { bias, addend, statistics } = epilogue;
    withPartial(y, statistics, { parts: across, partLength }, (partial) => {
      const tensors = { x, weight, added: bias ?? addend ?? weight, y, partial };
      runKernelOn(kernel, tensors, { ...params, ...shared }, [across, rowTiles, down * down]);
    });
  });
}

/** d loss / d weight [O,I,KH,KW], dense and f32; also the growth score of sparse layers at a topology update. */
export function conv2dGradWeight(x: Tensor, gradOutput: Tensor, geometry: ConvGeometry): Tensor {
  const { device } = x;
  const { inChannels, outChannels, kernelHeight, kernelWidth } = geometry;
  const dtype = activationType('conv2d', x, gradOutput);
  const matrix = densePasses(device, geometry, dtype);
  if (matrix) return matrix.gradWeight(x, gradOutput);
  const weightColumns = inChannels * kernelHeight * kernelWidth;
  const tiling = gradWeightTiling(device, gradWeightKernel, geometry);
  const key = tilingKey('conv2d.gradWeight', geometry, dtype);
  return tiled(device, key, tiling, ({ rows, columns, tile, staged, chunk, sharers }) => {
    const variant = withSharers(forBatch(gradWeightKernel, geometry.batchSize, dtype), sharers);
    const kernel = variant.with({ COLUMNS: columns, ROWS: rows, TILE: tile, POSITIONS: staged });
    const chunks = Math.ceil(geometry.positions / chunk);
    const partial = Tensor.empty(device, [chunks, outChannels, inChannels, kernelHeight, kernelWidth]);
    const params = {
      rows: outChannels,
      columns: weightColumns,
      ...windowParams(geometry),
      chunk,
    };
    const workgroups = [Math.ceil(weightColumns / tile), Math.ceil(outChannels / rows), chunks] as const;
    runKernelOn(kernel, { x, grad_output: gradOutput, partial }, params, workgroups);
    return addParts(partial);
  });
}
