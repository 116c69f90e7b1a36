// `--compat original`: what the original program does and we do not, where it changes results; docs/method.md has the whole list.

import { nonstructured } from '../../nn/index.js';
import type { LayerShape } from '../../sparse/index.js';
import type { LayerPlan } from './layer_plan.js';
import { methodNamed } from './method.js';
import type { RunConfig } from './run_config.js';

/** The original's networks have as many outputs whatever the data set. */
const CLASSES = 100;

/** What flags that are not given fall back to. */
export const ORIGINAL_DEFAULTS = { compat: 'original', convBias: true, dropRule: 'original' } as const;

/**
 * Convolutions are in blocks where B divides their output channels and they have at least B input channels; a network of no such
 * layer, as with `--block_size 0`, has none. All else is nonstructured, and of that only linear layers are ever updated.
 */
export function originalPlan(
  { method, blockSize, growth }: Pick<RunConfig, 'method' | 'blockSize' | 'growth'>,
  { shape }: LayerShape,
): Omit<LayerPlan, 'density'> {
  const { form, growth: methodGrowth } = methodNamed(method);
  if (!form) return { form: undefined, growth: undefined };
  const [outChannels, inChannels] = shape;
  const isConvolution = shape.length > 2;
  const growing = methodGrowth && (growth ?? methodGrowth);
  const blocks = form(blockSize);
  if (blocks !== nonstructured && isConvolution && outChannels % blockSize === 0 && inChannels >= blockSize) {
    return { form: blocks, growth: growing };
  }
  return { form: nonstructured, growth: isConvolution ? undefined : growing };
}

/** Step from on which there are no updates: the original stops halfway to T_end on CIFAR. */
export function lastUpdates({ compat, dataSet }: Pick<RunConfig, 'compat' | 'dataSet'>, updateEnd: number): number {
  return compat === 'original' && /^cifar/i.test(dataSet) ? updateEnd / 2 : updateEnd;
}

/** Outputs of the network. */
export function outputClasses({ compat }: { readonly compat?: 'original' }, classes: number): number {
  return compat === 'original' ? Math.max(CLASSES, classes) : classes;
}
