// The passes of one layer, ready to run: dense, and with shuffled blocks of several sizes and sparsities.

import type { Device } from '../../device/index.js';
import {
  blockConv2dForward,
  blockConv2dGradInput,
  blockConv2dGradValues,
} from '../../shaders/block_conv2d/block_conv2d.js';
import { BlockTables } from '../../shaders/block_conv2d/block_tables.js';
import { conv2dForward, conv2dGradInput, conv2dGradWeight, conv2dWeight } from '../../shaders/conv2d/conv2d.js';
import { type ConvGeometry, conv2dGeometry } from '../../shaders/conv2d/geometry.js';
import { activationType } from '../../shaders/launch.js';
import { initialTopology, type ShuffledBlocks } from '../../sparse/index.js';
import { type ActivationType, ELEMENT_BYTES, keep, Random, scope, sizeOf, Tensor } from '../../tensor/index.js';
import type { BenchLayer } from './layers.js';

export type Pass = 'forward' | 'gradInput' | 'gradWeight';
export const PASSES: readonly Pass[] = ['forward', 'gradInput', 'gradWeight'];

export interface Variant {
  readonly pass: Pass;
  /** 0 is the dense kernel. */
  readonly sparsity: number;
  /** 0 for the dense kernel. */
  readonly blockSize: number;
  /** Of activations and gradients, and of the weights that they meet. */
  readonly precision: ActivationType;
  /** Share of the weights that are kept. */
  readonly density: number;
  /** Least that the pass must read and write: activations, weights and tables, each once. */
  readonly bytes: number;
  readonly run: () => void;
}

export interface VariantOptions {
  readonly sparsities: readonly number[];
  /** Those above a layer's columns are left out: such layers stay dense in training. */
  readonly blockSizes: readonly number[];
  readonly precision: ActivationType;
  /** Topologies and inputs depend on it alone. */
  readonly seed: number;
}

/** The tensors that all variants of a layer share. */
interface Shared {
  readonly device: Device;
  readonly geometry: ConvGeometry;
  readonly x: Tensor;
  readonly gradOutput: Tensor;
  readonly owned: { dispose(): void }[];
}

export function prepareVariants(
  device: Device,
  layer: BenchLayer,
  { sparsities, blockSizes, precision, seed }: VariantOptions,
): { variants: Variant[]; dispose: () => void } {
  const { inChannels, outChannels, size, kernel, batchSize } = layer;
  const random = new Random(seed);
  const tensor = (shape: number[]) => keep(Tensor.from(device, activations(sizeOf(shape), random), shape, precision));
  const x = tensor([inChannels, size, size, batchSize]);
  const weightShape = [outChannels, inChannels, kernel, kernel];
  const geometry = conv2dGeometry('bench', x.shape, weightShape, layer);
  const gradOutput = tensor([outChannels, geometry.outHeight, geometry.outWidth, batchSize]);
  const shared: Shared = { device, geometry, x, gradOutput, owned: [x, gradOutput] };

  const weight = normalValues(sizeOf(weightShape), random);
  const variants = denseVariants(shared, weight, weightShape);
  const columns = inChannels * kernel ** 2;
  for (const blockSize of blockSizes.filter((size) => size <= columns)) {
    for (const sparsity of sparsities) {
      const scaled = withUnevenRows(weight, columns, random);
      const blocks = initialTopology(scaled, { rows: outChannels, columns, blockSize, sparsity });
      variants.push(...blockVariants(shared, blocks, sparsity));
    }
  }
  return { variants, dispose: () => shared.owned.forEach((one) => void one.dispose()) };
}

function denseVariants({ device, geometry, x, gradOutput, owned }: Shared, values: Float32Array, shape: number[]) {
  const weight = scope(() => {
    const parameter = Tensor.from(device, values, shape);
    return keep(conv2dWeight(x, parameter, geometry));
  });
  owned.push(weight);
  const precision = activationType('bench', x, gradOutput);
  const bytes = ELEMENT_BYTES[precision] * (x.size + gradOutput.size + weight.size);
  const dense = { sparsity: 0, blockSize: 0, precision, density: 1, bytes };
  return [
    variant(dense, 'forward', () => conv2dForward(x, weight, geometry)),
    variant(dense, 'gradInput', () => conv2dGradInput(gradOutput, weight, geometry)),
    variant(dense, 'gradWeight', () => conv2dGradWeight(x, gradOutput, geometry)),
  ];
}

function blockVariants(
  { device, geometry, x, gradOutput, owned }: Shared,
  blocks: ShuffledBlocks,
  sparsity: number,
): Variant[] {
  const { blockSize, numBlocks, density } = blocks;
  const tables = new BlockTables(device, blocks, [geometry.kernelHeight, geometry.kernelWidth]);
  const precision = activationType('bench', x, gradOutput);
  const values = keep(Tensor.from(device, blocks.values, [numBlocks, blockSize, blockSize], precision));
  owned.push(tables, values);
  const elementBytes = ELEMENT_BYTES[precision];
  // A value, and a column of a block, which its B values share.
  const weightBytes = elementBytes * values.size + (4 * values.size) / blockSize;
  const bytes = elementBytes * (x.size + gradOutput.size) + weightBytes;
  const sparse = { sparsity, blockSize, precision, density, bytes };
  return [
    variant(sparse, 'forward', () => blockConv2dForward(x, values, tables, geometry)),
    variant(sparse, 'gradInput', () => blockConv2dGradInput(gradOutput, values, tables, geometry)),
    variant(sparse, 'gradWeight', () => blockConv2dGradValues(x, gradOutput, tables, geometry)),
  ];
}

function variant(shared: Omit<Variant, 'pass' | 'run'>, pass: Pass, result: () => Tensor): Variant {
  return { ...shared, pass, run: () => scope(() => void result()) };
}

function normalValues(size: number, random: Random): Float32Array {
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Most that are drawn before they repeat: what activations are does not change times, only that their size is an ordinary one. */
const MOST_DRAWN = 1 << 18;

function activations(size: number, random: Random): Float32Array {
  const drawn = normalValues(Math.min(size, MOST_DRAWN), random);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += drawn.length) values.set(drawn.subarray(0, size - i), i);
  return values;
}

/** Rows of different scale, as trained layers have: row groups then keep different numbers of blocks. */
function withUnevenRows(weight: Float32Array, columns: number, random: Random): Float32Array {
  const scales = Float32Array.from({ length: weight.length / columns }, () => 0.75 + 0.5 * random.uniform());
  return weight.map((value, i) => value * scales[Math.floor(i / columns)]);
}
