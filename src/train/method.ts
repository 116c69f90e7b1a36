// The training methods by name: in which form weights are pruned, and how their topology is updated, if at all.

import { InputError } from '../device/index.js';
import { nonstructured, type SparseForm, shuffledBlocks } from '../nn/index.js';
import type { DropRuleName } from '../sparse/index.js';
import { updateBlocks, updateMaskAtRandom, updateMaskByGradient, type WeightUpdate } from './weight_updates.js';

export interface MethodOptions {
  readonly blockSize: number;
  readonly dropRule?: DropRuleName;
}

export interface Method {
  /** Form of pruned weights; none where nothing is pruned. */
  readonly form?: (options: MethodOptions) => SparseForm;
  /** One update of a weight; none where topologies stay as they began. */
  readonly update?: (options: MethodOptions) => WeightUpdate;
  readonly description: string;
}

const methods = {
  dsb: {
    form: ({ blockSize }) => shuffledBlocks(blockSize),
    update: ({ dropRule }) => updateBlocks(dropRule),
    description: 'dynamic shuffled blocks',
  },
  ssb: { form: ({ blockSize }) => shuffledBlocks(blockSize), description: 'static shuffled blocks' },
  rigl: {
    form: () => nonstructured,
    update: () => updateMaskByGradient,
    description: 'nonstructured, grown by gradient',
  },
  set: {
    form: () => nonstructured,
    update: () => updateMaskAtRandom,
    description: 'nonstructured, grown at random',
  },
  dense: { description: 'nothing pruned' },
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof methods;

export const METHOD_NAMES = Object.keys(methods) as MethodName[];

/** @throws InputError on an unknown name. */
export function methodNamed(name: string): Method {
  if (!Object.hasOwn(methods, name)) {
    throw new InputError(`method: expected ${METHOD_NAMES.join(' | ')}, got '${name}'`);
  }
  return methods[name as MethodName];
}
