// What a model's layers look like before training: shapes, patterns, densities.

import { BlockWeight, MaskedWeight, type Module, sparsifiableLayers } from '../nn/index.js';
import { formatShape, sizeOf } from '../tensor/index.js';
import { type Flops, type ImageSize, layerFlops, TRAINING_FACTOR, totalFlops } from './flops.js';
import { alignColumns } from './topology/align_columns.js';

export interface LayerSummary {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pattern: string;
  readonly active: number;
  /** active / all weights. */
  readonly density: number;
  /** Rows that keep no weight. */
  readonly emptyRows: number;
}

export function layerSummaries(model: Module): LayerSummary[] {
  return sparsifiableLayers(model).map(([name, { weight }]) => {
    const { shape, pattern, numActive } = weight;
    const emptyRows = weight instanceof BlockWeight || weight instanceof MaskedWeight ? weight.emptyRows : 0;
    return { name, shape, pattern, active: numActive, density: numActive / sizeOf(shape), emptyRows };
  });
}

/** Pruned share of the weights of convolutions and linear layers. */
export function sparsityOf(model: Module): number {
  const layers = layerSummaries(model);
  const active = layers.reduce((sum, layer) => sum + layer.active, 0);
  const all = layers.reduce((sum, layer) => sum + sizeOf(layer.shape), 0);
  return 1 - active / all;
}

/** A table for people, one layer a line; FLOPs are those of one image, forward. */
export function formatSummary(model: Module, image: ImageSize): string {
  const flops = layerFlops(model, image);
  const rows = layerSummaries(model).map((layer) => [
    layer.name,
    formatShape(layer.shape),
    layer.emptyRows ? `${layer.pattern}, ${layer.emptyRows} rows empty` : layer.pattern,
    String(layer.active),
    `${(100 * layer.density).toFixed(1)}%`,
    formatFlops(flops.get(layer.name)!.active),
  ]);
  const table = alignColumns([['layer', 'weight', 'pattern', 'active', 'density', 'FLOPs'], ...rows], 3);
  return `${table}\n${formatParameters(model)}\n${formatTotal(totalFlops(flops))}`;
}

function formatParameters(model: Module): string {
  const count = [...model.parameters()].reduce((sum, [, parameter]) => sum + parameter.size, 0);
  return `${count.toLocaleString('en')} trained values, sparsity ${sparsityOf(model).toFixed(4)}`;
}

function formatTotal({ active, dense }: Flops): string {
  const share = active === dense ? '' : `: ${((100 * active) / dense).toFixed(1)}% of the dense model`;
  return `${formatFlops(active)}FLOPs an image forward, ${formatFlops(TRAINING_FACTOR * active)}FLOPs in training${share}`;
}

/** Three digits and a decimal prefix: 12.3 M. */
function formatFlops(count: number): string {
  const prefixes = ['', 'k', 'M', 'G', 'T'];
  const step = Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  const scaled = count / 1000 ** step;
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)} ${prefixes[step]}`;
}
