// The two forms of a sparse weight, and how a dense one or a mask turns into either.

import { type Device, InputError } from '../device/index.js';
import { initialMask, initialTopology, ShuffledBlocks } from '../sparse/index.js';
import { type Shape, sizeOf } from '../tensor/index.js';
import { BlockWeight } from './block_weight.js';
import { MaskedWeight } from './masked_weight.js';
import { matrixOf, type SparseWeight, type Weight } from './weight.js';

export interface SparseForm {
  /** A layer with fewer columns cannot take the form and stays dense. */
  readonly leastColumns: number;
  /** Whether a weight has this form. */
  holds(weight: Weight): boolean;
  /** Prunes a dense weight by magnitude. */
  prune(device: Device, values: Float32Array, shape: Shape, sparsity: number): SparseWeight;
  /** The weight of a given mask, 1 = active. @throws InputError if the form cannot express it. */
  fromMask(device: Device, values: Float32Array, shape: Shape, mask: Uint8Array): SparseWeight;
}

/** Single weights, anywhere: what RigL and SET train. */
export const nonstructured: SparseForm = {
  leastColumns: 1,
  holds: (weight) => weight instanceof MaskedWeight,
  prune: (device, values, shape, sparsity) => new MaskedWeight(device, values, shape, initialMask(values, sparsity)),
  fromMask: (device, values, shape, mask) => new MaskedWeight(device, values, shape, mask),
};

/** Shuffled blocks of `blockSize`; layers with fewer columns than that stay dense. */
export function shuffledBlocks(blockSize: number): SparseForm {
  return {
    leastColumns: blockSize,
    holds: (weight) => weight instanceof BlockWeight,
    prune(device, values, shape, sparsity) {
      return new BlockWeight(device, shape, initialTopology(values, { ...matrixOf(shape), blockSize, sparsity }));
    },
    fromMask(device, values, shape, mask) {
      if (mask.length !== sizeOf(shape))
        throw new InputError(`mask: expected ${sizeOf(shape)} values, got ${mask.length}`);
      const { rows, columns } = matrixOf(shape);
      return new BlockWeight(device, shape, ShuffledBlocks.fromMask(mask, rows, columns, blockSize, values));
    },
  };
}
