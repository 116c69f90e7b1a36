// Makes a dense network sparse: spreads the density over its layers and prunes each by magnitude (docs/architecture.md).

import { type Device, InputError } from '../device/index.js';
import { type Distribution, layerDensities } from '../sparse/index.js';
import type { Shape } from '../tensor/index.js';
import { SparsifiableLayer } from './layer.js';
import type { Module } from './module.js';
import type { SparseForm } from './sparse_form.js';
import { matrixOf } from './weight.js';

export interface SparsifyOptions {
  /** Share of all weights of convolutions and linear layers to prune, in [0, 1). */
  readonly sparsity: number;
  /** Default 'erk'. */
  readonly distribution?: Distribution;
  /** Layers that stay dense, by name. */
  readonly denseLayers?: readonly string[];
}

/** Convolutions and linear layers by full name. */
export function sparsifiableLayers(model: Module): [string, SparsifiableLayer][] {
  return [...model.modules()].filter(
    (entry): entry is [string, SparsifiableLayer] => entry[1] instanceof SparsifiableLayer,
  );
}

/**
 * Replaces the dense weights of a model. Layers whose density comes out as 1, and those that cannot take the form, stay dense;
 * the others make up for them.
 *
 * @throws InputError if the sparsity cannot be met or no layer can take the form.
 */
export async function sparsify(
  device: Device,
  model: Module,
  form: SparseForm,
  { sparsity, distribution, denseLayers = [] }: SparsifyOptions,
): Promise<void> {
  const layers = sparsifiableLayers(model);
  const shapes = layers.map(([name, layer]) => ({ name, shape: layer.weight.shape }));
  const columnsOf = (shape: Shape) => matrixOf(shape).columns;
  const refused = shapes.filter(({ shape }) => columnsOf(shape) < form.leastColumns).map(({ name }) => name);
  if (refused.length === layers.length) {
    const most = Math.max(...shapes.map(({ shape }) => columnsOf(shape)));
    throw new InputError(
      `block size: expected at most ${most}, the columns of the model's largest layer, got ${form.leastColumns}`,
    );
  }
  const dense = [...new Set([...denseLayers, ...refused])];
  const densities = layerDensities({ layers: shapes, sparsity, distribution, denseLayers: dense });
  const values = await Promise.all(layers.map(([, layer]) => layer.weight.readDense()));
  for (const [position, [name, layer]] of layers.entries()) {
    const density = densities.get(name)!;
    if (density === 1) continue;
    layer.replaceWeight(form.prune(device, values[position], layer.weight.shape, 1 - density));
  }
}
