// Two-dimensional convolution (cross-correlation, as in PyTorch's conv2d): x [I,H,W,N], weight [O,I,KH,KW] -> y [O,OH,OW,N].

import { needsGrad, record } from '../../autograd/index.js';
import { type Device, type Kernel, kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { conv2d_gather, conv2d_grad_weight } from '../../wgsl.generated.js';
import { forBatch, runKernelOn } from '../launch.js';
import { sum } from '../reduce/reduce.js';
import { type Conv2dOptions, type ConvGeometry, chunkSize, columnsPerThread, conv2dGeometry } from './geometry.js';

const gatherKernel = kernel(conv2d_gather);
const gradWeightKernel = kernel(conv2d_grad_weight);

/**
 * y[o, oy, ox, n] = sum over i, ky, kx of weight[o, i, ky, kx] * x[i, oy*stride - padding + ky, ox*stride - padding + kx, n].
 * No bias: see `addBias`.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const geometry = conv2dGeometry('conv2d', x.shape, weight.shape, options);
  return record('conv2d', forward(x, weight, geometry), [x, weight], (gradOutput) => [
    needsGrad(x) ? gradInput(gradOutput, weight, geometry) : undefined,
    needsGrad(weight) ? conv2dGradWeight(x, gradOutput, geometry) : undefined,
  ]);
}

function forward(x: Tensor, weight: Tensor, geometry: ConvGeometry): Tensor {
  const { inChannels, outChannels, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const y = Tensor.empty(x.device, [outChannels, outHeight, outWidth, geometry.batchSize]);
  const params = {
    channels: inChannels,
    height,
    width,
    batch: geometry.batch,
    rows: outChannels,
    out_height: outHeight,
    out_width: outWidth,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    up: geometry.stride,
    offset_y: -geometry.paddingY,
    offset_x: -geometry.paddingX,
    row_stride: inChannels * kernelHeight * kernelWidth,
    channel_stride: kernelHeight * kernelWidth,
  };
  const { tiled, workgroups } = tile(
    x.device,
    forBatch(gatherKernel, geometry.batchSize),
    outChannels,
    geometry.positions,
  );
  runKernelOn(tiled, { x, weight, y }, params, workgroups);
  return y;
}

function gradInput(gradOutput: Tensor, weight: Tensor, geometry: ConvGeometry): Tensor {
  const { inChannels, outChannels, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const result = Tensor.empty(gradOutput.device, [inChannels, height, width, geometry.batchSize]);
  const params = {
    channels: outChannels,
    height: outHeight,
    width: outWidth,
    batch: geometry.batch,
    rows: inChannels,
    out_height: height,
    out_width: width,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    up: 1,
    offset_y: geometry.paddingY,
    offset_x: geometry.paddingX,
    row_stride: kernelHeight * kernelWidth,
    channel_stride: inChannels * kernelHeight * kernelWidth,
  };
  const transposed = forBatch(gatherKernel, geometry.batchSize).with({ TAP_SIGN: -1, DOWN: geometry.stride });
  const { tiled, workgroups } = tile(gradOutput.device, transposed, inChannels, height * width * geometry.batch);
  runKernelOn(tiled, { x: gradOutput, weight, y: result }, params, workgroups);
  return result;
}

/** The tile of the gather kernel for `rows` x `positions` results: threads move from positions to rows where those are few. */
function tile(
  device: Device,
  gather: Kernel,
  rows: number,
  positions: number,
): { tiled: Kernel; workgroups: [number, number] } {
  const rowsPerThread = gather.constant('ROWS');
  const threads = gather.constant('WORKGROUP_SIZE');
  let columns = columnsPerThread(device, rowsPerThread);
  let rowThreads = 1;
  while (rowThreads < 8 && rowThreads * rowsPerThread < rows && positions * rowThreads * 2 <= threads * columns)
    rowThreads *= 2;
  while (columns > 1 && positions * rowThreads * 2 <= threads * columns) columns /= 2;
  return {
    tiled: gather.with({ COLUMNS: columns, ROW_THREADS: rowThreads }),
    workgroups: [
      Math.ceil((positions * rowThreads) / (threads * columns)),
      Math.ceil(rows / (rowsPerThread * rowThreads)),
    ],
  };
}

/** d loss / d weight [O,I,KH,KW], dense; also the growth score of sparse layers at a topology update. */
export function conv2dGradWeight(x: Tensor, gradOutput: Tensor, geometry: ConvGeometry): Tensor {
  const { device } = x;
  const { inChannels, outChannels, kernelHeight, kernelWidth } = geometry;
  const columns = inChannels * kernelHeight * kernelWidth;
  const tiled = forBatch(gradWeightKernel, geometry.batchSize);
  const parts = tiled.constant('POSITION_THREADS');
  const tileColumns = (tiled.constant('COLUMNS') * tiled.constant('WORKGROUP_SIZE')) / parts;
  const across = Math.ceil(columns / tileColumns);
  const down = Math.ceil(outChannels / tiled.constant('ROWS'));
  const chunk = chunkSize(device, geometry.positions, across * down, outChannels * columns * 4, parts);
  const chunks = Math.ceil(geometry.positions / chunk);
  const partial = Tensor.empty(device, [chunks * parts, outChannels, inChannels, kernelHeight, kernelWidth]);
  const params = {
    rows: outChannels,
    columns,
    height: geometry.height,
    width: geometry.width,
    batch: geometry.batch,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    stride: geometry.stride,
    padding_y: geometry.paddingY,
    padding_x: geometry.paddingX,
    chunk,
  };
  runKernelOn(tiled, { x, grad_output: gradOutput, partial }, params, [across, down, chunks]);
  const total = sum(partial, 0);
  partial.dispose();
  return total;
}
