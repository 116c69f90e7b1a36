// The training methods by name: in which form weights are pruned, and by what their topology grows, if it changes at all.

import { InputError } from '../../device/index.js';
import { nonstructured, type SparseForm, shuffledBlocks } from '../../nn/index.js';

/**
 * Where weights grow: where the dense gradient is largest (Evci et al., ICML 2020), at random (Mocanu et al., 2018), or where a
 * running average of the dense gradient is largest (after Dettmers and Zettlemoyer, 2019).
 */
export const GROWTH_NAMES = ['gradient', 'random', 'momentum'] as const;
export type GrowthName = (typeof GROWTH_NAMES)[number];

export interface Method {
  /** Form of pruned weights; none where nothing is pruned. */
  readonly form?: (blockSize: number) => SparseForm;
  /** Where weights grow unless told otherwise; none where topologies stay as they began. */
  readonly growth?: GrowthName;
  readonly description: string;
}

export type MethodName = 'dsb' | 'ssb' | 'rigl' | 'set' | 'dense';

const methods: Readonly<Record<MethodName, Method>> = {
  dsb: { form: shuffledBlocks, growth: 'gradient', description: 'dynamic shuffled blocks' },
  ssb: { form: shuffledBlocks, description: 'static shuffled blocks' },
  rigl: { form: () => nonstructured, growth: 'gradient', description: 'nonstructured, grown by gradient' },
  set: { form: () => nonstructured, growth: 'random', description: 'nonstructured, grown at random' },
  dense: { description: 'nothing pruned' },
};

export const METHOD_NAMES = Object.keys(methods) as MethodName[];

/** @throws InputError on an unknown name. */
export function methodNamed(name: string): Method {
  if (!Object.hasOwn(methods, name)) {
    throw new InputError(`method: expected ${METHOD_NAMES.join(' | ')}, got '${name}'`);
  }
  return methods[name as MethodName];
}
