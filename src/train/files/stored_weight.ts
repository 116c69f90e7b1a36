// The weight of a layer as a checkpoint holds it (docs/format.md), without a GPU: for whoever only looks at it.

import { InputError } from '../../host/input_error.js';
import type { ShuffledBlocks } from '../../sparse/index.js';
import { type Shape, sameShape, sizeOf } from '../../tensor/index.js';
import type { Checkpoint } from './checkpoint.js';
import { asFloat32, asUint8Mask, type SafetensorsTensor } from './safetensors.js';
import { blocksOf, type NamedTensors, TABLES } from './state_dict.js';

export interface StoredWeight {
  readonly shape: Shape;
  /** As `Weight.pattern` of src/nn. */
  readonly pattern: string;
  /** Weights that are not pruned. */
  readonly numActive: number;
  /** Of a weight in blocks. */
  readonly blocks?: ShuffledBlocks;
  /** A copy of the weights as a dense matrix, row by row: NaN where pruned. */
  values(): Float32Array;
}

/** Shapes of the weights of convolutions and linear layers by layer. @throws InputError if the checkpoint does not say. */
export function storedShapes({ shapes }: Checkpoint, where: string): ReadonlyMap<string, Shape> {
  if (shapes) return new Map(Object.entries(shapes));
  throw new InputError(`${where}: expected the shapes of its layers, got none: it was saved by an earlier version`);
}

/** The tensors that belong to a layer's weight. */
export function tensorsOfWeight(tensors: NamedTensors, layer: string): Map<string, SafetensorsTensor> {
  const weight = `${layer}.weight`;
  const names = [weight, `${weight}_mask`, ...TABLES.map((table) => `${weight}.blocks.${table}`)];
  return new Map(names.filter((name) => tensors.has(name)).map((name) => [name, tensors.get(name)!]));
}

/**
 * @param tensors of a checkpoint, or those of the layer.
 * @param where the file's name, for messages.
 * @throws InputError if there is no such weight, it has another shape, or its mask or tables break their format.
 */
export function storedWeight(tensors: NamedTensors, layer: string, shape: Shape, where: string): StoredWeight {
  const name = `${layer}.weight`;
  const place = `${where}: ${name}`;
  if (tensors.has(`${name}.blocks.values`)) return inBlocks(tensors, name, shape, place);
  const weight = tensorOfShape(tensors, name, shape, where);
  if (!tensors.has(`${name}_mask`)) {
    return { shape, pattern: 'dense', numActive: sizeOf(shape), values: () => asFloat32(weight, place) };
  }
  const mask = asUint8Mask(tensorOfShape(tensors, `${name}_mask`, shape, where), `${place}_mask`);
  return {
    shape,
    pattern: 'mask',
    numActive: mask.reduce((sum, one) => sum + one, 0),
    values: () => asFloat32(weight, place).map((value, i) => (mask[i] === 0 ? Number.NaN : value)),
  };
}

function inBlocks(tensors: NamedTensors, name: string, shape: Shape, place: string): StoredWeight {
  const tables = Object.fromEntries(TABLES.map((table) => [table, tensors.get(`${name}.blocks.${table}`)]));
  const lacking = TABLES.find((table) => tables[table] === undefined);
  if (lacking) throw new InputError(`${place}: expected tables ${TABLES.join(', ')}, got no ${lacking}`);
  const blocks = blocksOf(tables, shape, `${place}.blocks`);
  return {
    shape,
    pattern: `${blocks.numBlocks} blocks of ${blocks.blockSize}`,
    numActive: blocks.numNonzero,
    blocks,
    values() {
      const values = new Float32Array(sizeOf(shape)).fill(Number.NaN);
      blocks.forEachWeight((slot, position) => {
        values[position] = blocks.values[slot];
      });
      return values;
    },
  };
}

function tensorOfShape(tensors: NamedTensors, name: string, shape: Shape, where: string): SafetensorsTensor {
  const tensor = tensors.get(name);
  if (tensor && sameShape(tensor.shape, shape)) return tensor;
  throw new InputError(`${where}: ${name}: expected a tensor [${shape}], got ${tensor ? `[${tensor.shape}]` : 'none'}`);
}
