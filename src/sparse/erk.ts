// How a network's density is spread over its layers. ERK: Evci et al., "Rigging the Lottery" (ICML 2020); ER: Mocanu et al.
// (2018), without the kernel dimensions; uniform: the same density everywhere.

import { InputError } from '../device/errors.js';
import { checkSparsity } from './checks.js';

export type Distribution = 'erk' | 'er' | 'uniform';

export interface LayerShape {
  readonly name: string;
  /** PyTorch's order: [O, I, KH, KW] or [O, I]. */
  readonly shape: readonly number[];
}

export interface LayerDensitiesOptions {
  readonly layers: readonly LayerShape[];
  /** Of all the layers together, dense ones included, in [0, 1). */
  readonly sparsity: number;
  /** Default 'erk'. */
  readonly distribution?: Distribution;
  /** Exponent of the ER ratio: below 1 evens the densities out. Default 1. */
  readonly powerScale?: number;
  /** Names of layers that stay dense; the others make up for them. */
  readonly denseLayers?: readonly string[];
}

/** Density of a layer up to a common factor. */
const rawDensities: Record<Distribution, (shape: readonly number[]) => number> = {
  erk: (shape) => sum(shape) / product(shape),
  er: (shape) => sum(shape.slice(0, 2)) / product(shape.slice(0, 2)),
  uniform: () => 1,
};

/**
 * Density of every layer, in (0, 1], such that (1-sparsity) of all their weights are active: proportional to the
 * distribution's raw density; layers that would exceed 1 become dense, the rest is scaled again, until none does.
 *
 * @throws InputError when the dense layers alone hold more than (1-sparsity) of the weights, and on an unknown layer name,
 *   distribution or shape.
 */
export function layerDensities(options: LayerDensitiesOptions): Map<string, number> {
  const { layers, sparsity, distribution = 'erk', powerScale = 1, denseLayers = [] } = options;
  checkOptions(options);
  const dense = new Set(denseLayers);
  const raw = new Map(layers.map(({ name, shape }) => [name, rawDensities[distribution](shape) ** powerScale]));
  const total = layers.reduce((count, { shape }) => count + product(shape), 0);
  for (;;) {
    let budget = total * (1 - sparsity);
    let rawCount = 0;
    for (const { name, shape } of layers) {
      if (dense.has(name)) budget -= product(shape);
      else rawCount += raw.get(name)! * product(shape);
    }
    if (rawCount === 0) {
      // Every layer is dense: right only if nothing was to be pruned.
      if (budget < -1e-6 * total) throw unreachable(options, total);
      return new Map(layers.map(({ name }) => [name, 1]));
    }
    if (budget <= 0) throw unreachable(options, total);
    const scale = budget / rawCount;
    const exceeding = layers.filter(({ name }) => !dense.has(name) && raw.get(name)! * scale > 1);
    if (exceeding.length === 0) {
      return new Map(layers.map(({ name }) => [name, dense.has(name) ? 1 : raw.get(name)! * scale]));
    }
    for (const { name } of exceeding) dense.add(name);
  }
}

function unreachable({ layers, sparsity, denseLayers = [] }: LayerDensitiesOptions, total: number): InputError {
  const fixed = layers.filter(({ name }) => denseLayers.includes(name));
  const count = fixed.reduce((weights, { shape }) => weights + product(shape), 0);
  return new InputError(
    `layerDensities: expected the dense layers to hold less than ${(100 * (1 - sparsity)).toFixed(1)}% of ${total} weights for sparsity ${sparsity}, got ${count} in ${denseLayers.join(', ')}`,
  );
}

function checkOptions(options: LayerDensitiesOptions): void {
  const { layers, sparsity, distribution = 'erk', powerScale = 1, denseLayers = [] } = options;
  checkSparsity('layerDensities', sparsity);
  if (!Object.hasOwn(rawDensities, distribution)) {
    const names = Object.keys(rawDensities).join(' | ');
    throw new InputError(`layerDensities: expected distribution ${names}, got ${distribution}`);
  }
  if (!Number.isFinite(powerScale)) {
    throw new InputError(`layerDensities: expected powerScale a finite number, got ${powerScale}`);
  }
  const names = new Set<string>();
  for (const { name, shape } of layers) {
    if (names.has(name)) throw new InputError(`layerDensities: expected distinct layer names, got ${name} twice`);
    names.add(name);
    if (shape.length < 2 || !shape.every((size) => Number.isInteger(size) && size > 0)) {
      throw new InputError(
        `layerDensities: expected a shape of at least two positive sizes for ${name}, got [${shape.join(', ')}]`,
      );
    }
  }
  for (const name of denseLayers) {
    if (!names.has(name)) {
      throw new InputError(`layerDensities: expected dense layers among ${[...names].join(', ')}, got ${name}`);
    }
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
