// Makes a dense network sparse: spreads the density over its layers and prunes each by magnitude (docs/architecture.md).

import { type Device, InputError } from '../device/index.js';
import { type Distribution, type LayerShape, layerDensities } from '../sparse/index.js';
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
  /** Exponent of the distribution: see `layerDensities`. Default 1. */
  readonly powerScale?: number;
  /** Layers that stay dense, by name. */
  readonly denseLayers?: readonly string[];
  /** Densities that are given, by layer. */
  readonly fixedDensities?: ReadonlyMap<string, number>;
}

/** The form that a layer's weight takes; none if it stays dense. */
export type FormOf = (layer: string) => SparseForm | undefined;

/** Convolutions and linear layers by full name. */
export function sparsifiableLayers(model: Module): [string, SparsifiableLayer][] {
  return [...model.modules()].filter(
    (entry): entry is [string, SparsifiableLayer] => entry[1] instanceof SparsifiableLayer,
  );
}

/**
 * Replaces the dense weights of a model. Layers whose density comes out as 1, and those that cannot take their form, stay dense;
 * the others make up for them.
 *
 * @param form of all layers, or of each.
 * @throws InputError if the sparsity cannot be met, or no layer, or none of a given density, can take its form.
 */
export async function sparsify(
  device: Device,
  model: Module,
  form: SparseForm | FormOf,
  options: SparsifyOptions,
): Promise<void> {
  const { denseLayers = [], fixedDensities } = options;
  const formOf = typeof form === 'function' ? form : () => form;
  const layers = sparsifiableLayers(model);
  const shapes = layers.map(([name, layer]) => ({ name, shape: layer.weight.shape }));
  const refused = shapes.filter(({ name, shape }) => !takes(shape, formOf(name))).map(({ name }) => name);
  const unmet = shapes.find(({ name }) => refused.includes(name) && (fixedDensities?.get(name) ?? 1) < 1);
  if (unmet) throw tooLarge([unmet], formOf);
  if (refused.length === layers.length && layers.some(([name]) => formOf(name))) throw tooLarge(shapes, formOf);
  const dense = [...new Set([...denseLayers, ...refused])];
  const densities = layerDensities({ ...options, layers: shapes, denseLayers: dense });
  const values = await Promise.all(layers.map(([, layer]) => layer.weight.readDense()));
  for (const [position, [name, layer]] of layers.entries()) {
    const density = densities.get(name)!;
    if (density === 1) continue;
    layer.replaceWeight(formOf(name)!.prune(device, values[position], layer.weight.shape, 1 - density));
  }
}

function takes(shape: Shape, form: SparseForm | undefined): boolean {
  return form !== undefined && matrixOf(shape).columns >= form.leastColumns;
}

function tooLarge(layers: readonly LayerShape[], formOf: FormOf): InputError {
  const [largest] = layers.toSorted((a, b) => matrixOf(b.shape).columns - matrixOf(a.shape).columns);
  const { columns } = matrixOf(largest.shape);
  const got = formOf(largest.name)?.leastColumns ?? 'none';
  return new InputError(`block size: expected at most ${columns}, the columns of ${largest.name}, got ${got}`);
}
