// A picture from the tensors of a layer's weight, as a checkpoint holds them. They come from a file, so they are checked here too.

import type { LayerEntry } from '../../src/dashboard/messages.js';
import { parseSafetensors } from '../../src/train/files/safetensors_reader.js';
import { storedWeight } from '../../src/train/files/stored_weight.js';
import type { Picture } from '../messages.js';

/** @throws InputError if they are no such weight. */
export function pictureOf(file: Uint8Array, { name, shape, size }: LayerEntry): Picture {
  const { tensors } = parseSafetensors(file, name);
  const { blocks, values } = storedWeight(tensors, name, shape, name);
  const [rows] = shape;
  const matrix = { layer: name, rows, columns: size / rows, weights: values() };
  return blocks ? { ...matrix, blocks } : matrix;
}
