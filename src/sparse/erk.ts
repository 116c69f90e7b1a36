// How a network's density is spread over its layers. ERK: Evci et al., "Rigging the Lottery" (ICML 2020); ER: Mocanu et al.
// (2018), without the kernel dimensions; uniform: the same density everywhere.

import { InputError } from '../host/input_error.js';
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
  /** Densities in (0, 1] that are given, by layer; the others make up for them too. */
  readonly fixedDensities?: ReadonlyMap<string, number>;
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
 * @throws InputError when the dense layers and fixed densities leave no way to meet the sparsity, and on an unknown layer name,
 *   distribution or shape.
 */
export function layerDensities(options: LayerDensitiesOptions): Map<string, number> {
  const { layers, sparsity, distribution = 'erk', powerScale = 1, denseLayers = [] } = options;
  checkOptions(options);
  const fixed = new Map(options.fixedDensities);
  for (const name of denseLayers) fixed.set(name, 1);
  const densities = new Map(fixed);
  const raw = new Map(layers.map(({ name, shape }) => [name, rawDensities[distribution](shape) ** powerScale]));
  const total = layers.reduce((count, { shape }) => count + product(shape), 0);
  for (;;) {
    let budget = total * (1 - sparsity);
    let rawCount = 0;
    for (const { name, shape } of layers) {
      const density = densities.get(name);
      if (density === undefined) rawCount += raw.get(name)! * product(shape);
      else budget -= density * product(shape);
    }
    const isMet = Math.abs(budget) <= 1e-6 * total;
    if (rawCount === 0 && isMet) return new Map(layers.map(({ name }) => [name, densities.get(name)!]));
    if (rawCount === 0 || budget <= 1e-9 * total) throw unreachable(layers, fixed, sparsity);
    const scaled = (name: string) => (raw.get(name)! * budget) / rawCount;
    const exceeding = layers.filter(({ name }) => !densities.has(name) && scaled(name) > 1);
    if (exceeding.length === 0) {
      return new Map(layers.map(({ name }) => [name, densities.get(name) ?? scaled(name)]));
    }
    for (const { name } of exceeding) densities.set(name, 1);
  }
}

/** Says which sparsities the fixed densities allow. */
function unreachable(layers: readonly LayerShape[], fixed: ReadonlyMap<string, number>, sparsity: number): InputError {
  const total = layers.reduce((count, { shape }) => count + product(shape), 0);
  const free = layers.filter(({ name }) => !fixed.has(name));
  const freeCount = free.reduce((count, { shape }) => count + product(shape), 0);
  const active = layers.reduce((count, { name, shape }) => count + (fixed.get(name) ?? 0) * product(shape), 0);
  const least = (Math.ceil(1e4 * (1 - (active + freeCount) / total) - 1e-6) / 1e4).toFixed(4);
  const most = (Math.floor(1e4 * (1 - active / total) + 1e-6) / 1e4).toFixed(4);
  const range = freeCount === 0 ? least : `at least ${least} and below ${most}`;
  const given = [...fixed].map(([name, density]) => `${name} ${density}`).join(', ');
  return new InputError(
    `sparsity: expected ${range}, which is what the given densities allow (${given}), got ${sparsity}`,
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
  for (const [name, density] of options.fixedDensities ?? []) {
    if (!names.has(name)) {
      throw new InputError(`layerDensities: expected fixed densities of ${[...names].join(', ')}, got ${name}`);
    }
    if (!(density > 0 && density <= 1)) {
      throw new InputError(`layerDensities: expected a density in (0, 1] for ${name}, got ${density}`);
    }
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
