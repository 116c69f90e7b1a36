// What a model's layers look like before training: shapes, patterns, densities.

import { type Module, sparsifiableLayers } from '../nn/index.js';
import { formatShape, sizeOf } from '../tensor/index.js';

export interface LayerSummary {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pattern: string;
  readonly active: number;
  /** active / all weights. */
  readonly density: number;
}

export function layerSummaries(model: Module): LayerSummary[] {
  return sparsifiableLayers(model).map(([name, { weight }]) => {
    const { shape, pattern, numActive } = weight;
    return { name, shape, pattern, active: numActive, density: numActive / sizeOf(shape) };
  });
}

/** Pruned share of the weights of convolutions and linear layers. */
export function sparsityOf(model: Module): number {
  const layers = layerSummaries(model);
  const active = layers.reduce((sum, layer) => sum + layer.active, 0);
  const all = layers.reduce((sum, layer) => sum + sizeOf(layer.shape), 0);
  return 1 - active / all;
}

/** A table for people, one layer a line. */
export function formatSummary(model: Module): string {
  const layers = layerSummaries(model);
  const rows = layers.map((layer) => [
    layer.name,
    formatShape(layer.shape),
    layer.pattern,
    String(layer.active),
    `${(100 * layer.density).toFixed(1)}%`,
  ]);
  const parameters = [...model.parameters()].reduce((sum, [, parameter]) => sum + parameter.size, 0);
  const table = columns([['layer', 'weight', 'pattern', 'active', 'density'], ...rows]);
  return `${table}\n${parameters.toLocaleString('en')} trained values, sparsity ${sparsityOf(model).toFixed(4)}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = (column: number) => column >= 3;
  return rows
    .map((row) =>
      row
        .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
