// What becomes of each layer: in which form it is pruned, how dense it is, whether and where it grows. From the method, the layers
// that stay dense, and rules for layers by name.

import { InputError } from '../../device/index.js';
import { nonstructured, type SparseForm } from '../../nn/index.js';
import type { LayerShape } from '../../sparse/index.js';
import { type GrowthName, type MethodName, methodNamed } from './method.js';
import { originalPlan } from './original.js';
import type { RunConfig } from './run_config.js';

/** A rule for the layers whose names match; where several match, the last that says something wins. */
export interface LayerRule {
  /** Of full layer names; `*` stands for any text. */
  readonly pattern: string;
  /** In (0, 1]. */
  readonly density?: number;
  /** 0 means single weights instead of blocks. */
  readonly blockSize?: number;
  readonly method?: MethodName;
}

export interface LayerPlan {
  /** Of the pruned weight; none if it stays dense. */
  readonly form: SparseForm | undefined;
  /** Where it grows; none if its topology stays as it begins. */
  readonly growth: GrowthName | undefined;
  /** If it is given; otherwise the layer gets its share of what is left. */
  readonly density: number | undefined;
}

export type PlanConfig = Pick<RunConfig, 'method' | 'blockSize' | 'growth' | 'denseLayers' | 'layers' | 'compat'>;

const DENSE: LayerPlan = { form: undefined, growth: undefined, density: 1 };

/** @throws InputError on a pattern that matches no layer. */
export function planLayers(config: PlanConfig, layers: readonly LayerShape[]): Map<string, LayerPlan> {
  const names = layers.map(({ name }) => name);
  for (const pattern of config.denseLayers) checkPattern('dense layers', pattern, names);
  for (const { pattern } of config.layers) checkPattern('layer', pattern, names);
  return new Map(layers.map((layer) => [layer.name, planLayer(config, layer)]));
}

function planLayer(config: PlanConfig, layer: LayerShape): LayerPlan {
  const rules = config.layers.filter(({ pattern }) => matches(pattern, layer.name));
  const isDense = config.denseLayers.some((pattern) => matches(pattern, layer.name));
  const rule: Omit<LayerRule, 'pattern'> = Object.assign({}, isDense ? { density: 1 } : {}, ...rules);
  if (config.compat === 'original' && rule.method === undefined && rule.blockSize === undefined) {
    const plan = originalPlan(config, layer);
    return rule.density === 1 || !plan.form ? DENSE : { ...plan, density: rule.density };
  }
  const { density, method = config.method, blockSize = config.blockSize } = rule;
  const { form, growth } = methodNamed(method);
  if (density === 1 || !form) return DENSE;
  return {
    form: blockSize === 0 ? nonstructured : form(blockSize),
    growth: growth && (config.growth ?? growth),
    density,
  };
}

function checkPattern(what: string, pattern: string, names: readonly string[]): void {
  if (names.some((name) => matches(pattern, name))) return;
  throw new InputError(`${what}: expected a pattern that matches a layer (${names.join(', ')}), got '${pattern}'`);
}

/** What is between two `*` is found at its first place behind what came before: if the rest fits anywhere, it fits behind that. */
function matches(pattern: string, name: string): boolean {
  const [first, ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let end = first.length;
  for (const part of parts) {
    const start = name.indexOf(part, end);
    if (start < 0) return false;
    end = start + part.length;
  }
  return name.endsWith(last) && name.length - last.length >= end;
}
