// What the page draws of a layer: its weights with their places, and how they are dealt into blocks.

import { BlockWeight, MaskedWeight, type Module, sparsifiableLayers, type Weight } from '../../src/nn/index.js';
import { sizeOf } from '../../src/tensor/index.js';
import type { LayerFacts, Picture } from '../messages.js';

/** Larger layers are not drawn: a canvas holds no more, and a reader sees no more. */
const MOST_WEIGHTS = 2 ** 23;

export function layerFacts(model: Module): LayerFacts[] {
  return sparsifiableLayers(model).map(([name, { weight }]) => ({
    name,
    shape: weight.shape,
    pattern: weight.pattern,
    active: weight.numActive,
    size: sizeOf(weight.shape),
  }));
}

/** The picture of a layer as it is now; none of a layer too large to draw, or of another model. */
export async function pictureOf(model: Module, layer: string): Promise<Picture | undefined> {
  const weight = sparsifiableLayers(model).find(([name]) => name === layer)?.[1].weight;
  if (!weight || sizeOf(weight.shape) > MOST_WEIGHTS) return undefined;
  const [rows] = weight.shape;
  const matrix = { layer, rows, columns: sizeOf(weight.shape) / rows };
  if (!(weight instanceof BlockWeight)) return { ...matrix, weights: await prunedToNaN(weight) };
  const tables = await weight.readBlocks();
  const weights = new Float32Array(sizeOf(weight.shape)).fill(Number.NaN);
  tables.forEachWeight((slot, position) => {
    weights[position] = tables.values[slot];
  });
  const { blockSize } = tables;
  const copies = [tables.groupRows, tables.groupStart, tables.blockColumns].map((table) => table.slice());
  const [groupRows, groupStart, blockColumns] = copies;
  return { ...matrix, weights, blocks: { blockSize, groupRows, groupStart, blockColumns } };
}

async function prunedToNaN(weight: Weight): Promise<Float32Array> {
  const values = await weight.readDense();
  if (!(weight instanceof MaskedWeight)) return values;
  const { mask } = weight;
  return values.map((value, i) => (mask[i] === 0 ? Number.NaN : value));
}
