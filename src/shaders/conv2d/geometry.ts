// The geometry of a two-dimensional convolution, shared by its dense and its shuffled-block form, and how its kernels are tiled.

import type { Device } from '../../device/index.js';
import { type ActivationType, formatShape, type Shape, type Tensor } from '../../tensor/index.js';
import { lanesOf } from '../launch.js';

export interface Conv2dOptions {
  /** Step of the window along y and x. Default 1. */
  readonly stride?: number;
  /** Zeros on each side, one number or [y, x]. Default 0. */
  readonly padding?: number | readonly [number, number];
  /** [O], f32. */
  readonly bias?: Tensor;
  /** y + addend, of the shape and type of y: a residual connection, without a pass over memory of its own. */
  readonly addend?: Tensor;
  /** Takes statistics of the result along: a `batchNorm` of it, in training, then need not read it for them. Default false. */
  readonly statistics?: boolean;
}

/** The names of `Conv2dOptions`. */
export const CONV2D_OPTIONS = ['stride', 'padding', 'bias', 'addend', 'statistics'] as const;

export interface ConvGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly paddingY: number;
  readonly paddingX: number;
  readonly batchSize: number;
  /** Batch in Vecs: what kernels count in. */
  readonly batch: number;
  /** Output positions of one channel, in Vecs. */
  readonly positions: number;
}

/**
 * Checks x [I,H,W,N] against a weight [O,I,KH,KW] and works out the output [O,OH,OW,N] with
 * OH = floor((H + 2 * padding - KH) / stride) + 1.
 */
export function conv2dGeometry(operation: string, x: Shape, weight: Shape, options: Conv2dOptions): ConvGeometry {
  const where = `(x ${formatShape(x)}, weight ${formatShape(weight)})`;
  if (x.length !== 4) throw new Error(`${operation}: expected x [C,H,W,N], got ${formatShape(x)}`);
  if (weight.length !== 4) throw new Error(`${operation}: expected a weight [O,I,KH,KW], got ${formatShape(weight)}`);
  const [inChannels, height, width, batchSize] = x;
  const [outChannels, weightChannels, kernelHeight, kernelWidth] = weight;
  if (inChannels !== weightChannels) {
    throw new Error(
      `${operation}: expected ${weightChannels} input channels, the first extent of x, got ${inChannels} ${where}`,
    );
  }
  const { stride = 1, padding = 0 } = options;
  const [paddingY, paddingX] = typeof padding === 'number' ? [padding, padding] : padding;
  if (!Number.isInteger(stride) || stride < 1)
    throw new Error(`${operation}: expected a stride that is a whole number of at least 1, got ${stride}`);
  for (const value of [paddingY, paddingX]) {
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`${operation}: expected padding that is a whole number of at least 0, got ${value}`);
  }
  const outHeight = Math.floor((height + 2 * paddingY - kernelHeight) / stride) + 1;
  const outWidth = Math.floor((width + 2 * paddingX - kernelWidth) / stride) + 1;
  if (outHeight < 1 || outWidth < 1)
    throw new Error(`${operation}: expected a kernel no larger than the padded input, got a larger one ${where}`);
  if (batchSize === 0) throw new Error(`${operation}: expected a batch of at least one, got none ${where}`);
  const batch = batchSize / lanesOf(batchSize);
  return {
    inChannels,
    outChannels,
    height,
    width,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    stride,
    paddingY,
    paddingX,
    batchSize,
    batch,
    positions: outHeight * outWidth * batch,
  };
}

/**
 * Vecs that a thread keeps in registers beside each of its rows. Software adapters have slow loads and as many registers as
 * they like; on a GPU 64 to 128 accumulators are what a thread can hold.
 */
export function columnsPerThread(device: Device, rows: number): number {
  const most = device.info.isSoftware ? 64 : 16;
  return Math.max(1, Math.min(4, Math.floor(most / rows)));
}

/** SwiftShader compiles half as long for half as many rows, and such kernels run no slower there. */
const SWIFTSHADER_ROWS = 8;

/** What other software adapters are given, whose threads load weights for each other: the more rows, the fewer loads of the input. */
const SOFTWARE_ROWS = [32, 24, 16];

/** Rows of the weight that a thread keeps in registers, of `rows` in all: `tile` on a GPU, elsewhere those that fill their tiles best. */
export function rowsPerThread({ info }: Device, tile: number, rows: number): number {
  if (info.kind === 'swiftshader') return SWIFTSHADER_ROWS;
  if (!info.isSoftware) return tile;
  const padded = (tile: number) => Math.ceil(rows / tile) * tile;
  return SOFTWARE_ROWS.reduce((best, tile) => (padded(tile) < padded(best) ? tile : best));
}

/** Memory of partial sums. */
const MOST_PART_BYTES = 64 * 1024 * 1024;

/**
 * Positions of a chunk when a sum over `positions` is split over workgroups: enough of them to fill the device next to the
 * `tiles` that exist anyway, but not so many that the partial sums (`partBytes` each) exceed `MOST_PART_BYTES`.
 */
export function chunkSize(device: Device, positions: number, tiles: number, partBytes: number): number {
  const wanted = Math.ceil((device.info.isSoftware ? 16 : 1024) / tiles);
  const affordable = Math.max(1, Math.floor(MOST_PART_BYTES / partBytes));
  const chunks = Math.max(1, Math.min(wanted, affordable, Math.ceil(positions / 64)));
  return Math.ceil(positions / chunks);
}

/** Chunks that a measurement tries in the place of `chunk`; see `chunkSize`. */
export function otherChunks(chunk: number, positions: number, partBytes: number): number[] {
  const chunks = [4, 2, 1 / 2, 1 / 4].map((factor) => Math.min(positions, Math.max(64, Math.ceil(chunk * factor))));
  return chunks.filter((size) => Math.ceil(positions / size) * partBytes <= MOST_PART_BYTES);
}

/** What kernels that slide a window over x read of it: fields of their `Params`. */
export function windowParams(geometry: ConvGeometry) {
  return {
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
}

/** Where a convolution by gathering reads and writes: fields of the `Params` of conv2d_gather.wgsl, in which they are explained. */
export interface GatherParams extends Readonly<Record<string, number>> {
  readonly out_height: number;
  readonly out_width: number;
  readonly down: number;
}

export function forwardParams(geometry: ConvGeometry): GatherParams {
  return {
    channels: geometry.inChannels,
    height: geometry.height,
    width: geometry.width,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    up: geometry.stride,
    down: 1,
    tap_sign: 1,
    offset_y: -geometry.paddingY,
    offset_x: -geometry.paddingX,
  };
}

export function gradInputParams(geometry: ConvGeometry): GatherParams {
  return {
    channels: geometry.outChannels,
    height: geometry.outHeight,
    width: geometry.outWidth,
    out_height: geometry.height,
    out_width: geometry.width,
    up: 1,
    down: geometry.stride,
    tap_sign: -1,
    offset_y: geometry.paddingY,
    offset_x: geometry.paddingX,
  };
}

/** A pass of a convolution and all that its time depends on. */
export function tilingKey(operation: string, geometry: ConvGeometry, dtype: ActivationType, weight = ''): string {
  const { inChannels, height, width, batchSize, outChannels, kernelHeight, kernelWidth, stride } = geometry;
  const { paddingY, paddingX } = geometry;
  const x = `${inChannels}x${height}x${width}x${batchSize}`;
  return `${operation} ${x} to ${outChannels}, ${kernelHeight}x${kernelWidth} / ${stride} + ${paddingY},${paddingX}${weight}${dtype === 'f32' ? '' : `, ${dtype}`}`;
}
