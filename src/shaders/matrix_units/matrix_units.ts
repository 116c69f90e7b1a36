// The matrix units of a GPU (WebGPU's subgroup matrices, a feature that is still experimental:
// https://dawn.googlesource.com/dawn/+/refs/heads/main/docs/dawn/features/subgroup_matrix.md) and where convolutions find them. Kernels for
// them are set from outside, so that a page, where browsers have no such feature, does not download them.

import type { Device } from '../../device/index.js';
import type { ActivationType, Tensor } from '../../tensor/index.js';
import type { BlockTables } from '../block_conv2d/block_tables.js';
import type { Epilogue } from '../conv2d/epilogue.js';
import type { ConvGeometry } from '../conv2d/geometry.js';

/** What one multiplication computes, [m,k] times [k,n] in f16 added to [m,n] in f32, by the `subgroup` invocations of a subgroup. */
export interface MatrixUnits {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroup: number;
}

/** Passes of one dense convolution, as those of conv2d.ts, in f16. They note no statistics. */
export interface DensePasses {
  /** The weight [O,I,KH,KW] of f32 in the form that the other passes read. */
  prepare(weight: Tensor): Tensor;
  forward(x: Tensor, weight: Tensor, epilogue: Epilogue): Tensor;
  gradInput(gradOutput: Tensor, weight: Tensor, addend?: Tensor): Tensor;
  gradWeight(x: Tensor, gradOutput: Tensor): Tensor;
}

/** Passes of one convolution with shuffled blocks, as those of block_conv2d.ts, in f16. The other half of gradInput has nothing to multiply. */
export interface BlockPasses {
  forward(x: Tensor, values: Tensor, epilogue: Epilogue): Tensor;
  /** @param range of the batch, in vec4s. @returns [slots, OH*OW, 4 * count]. */
  gradColumns(gradOutput: Tensor, values: Tensor, range: { readonly start: number; readonly count: number }): Tensor;
  gradValues(x: Tensor, gradOutput: Tensor): Tensor;
}

/** Both undefined where shapes are no whole numbers of matrices. */
export interface MatrixConvolutions {
  dense(device: Device, units: MatrixUnits, geometry: ConvGeometry): DensePasses | undefined;
  blocks(device: Device, units: MatrixUnits, geometry: ConvGeometry, tables: BlockTables): BlockPasses | undefined;
}

let convolutions: MatrixConvolutions | undefined;

export function setMatrixConvolutions(implementation: MatrixConvolutions): void {
  convolutions = implementation;
}

/** Passes by matrix units, if the device has some, the activations are f16 and the shapes fit. */
export function densePasses(device: Device, geometry: ConvGeometry, dtype: ActivationType): DensePasses | undefined {
  const units = dtype === 'f16' ? matrixUnits(device) : undefined;
  return units && convolutions?.dense(device, units, geometry);
}

export function blockPasses(
  device: Device,
  geometry: ConvGeometry,
  tables: BlockTables,
  dtype: ActivationType,
): BlockPasses | undefined {
  const units = dtype === 'f16' ? matrixUnits(device) : undefined;
  return units && convolutions?.blocks(device, units, geometry, tables);
}

/** Whether the device was opened with matrix units, and they are of a kind that f16 convolutions can use. */
export function hasMatrixUnits(device: Device): boolean {
  return matrixUnits(device) !== undefined;
}

/** Of an adapter's kinds of matrices. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** The largest that multiplies f16 and sums in f32; undefined also where subgroups have no one size, which kernels count on. */
function matrixUnits(device: Device): MatrixUnits | undefined {
  const { subgroupMatrixConfigs = [], subgroupMinSize, subgroupMaxSize } = device.info.adapter;
  if (!device.has('chromium-experimental-subgroup-matrix') || subgroupMinSize !== subgroupMaxSize) return undefined;
  const sizeOf = ({ M, N, K }: MatrixConfig) => M * N * K;
  const [largest] = [...(subgroupMatrixConfigs as Iterable<MatrixConfig>)]
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .sort((a, b) => sizeOf(b) - sizeOf(a));
  return largest && { m: largest.M, n: largest.N, k: largest.K, subgroup: Number(subgroupMaxSize) };
}
