// Nonstructured dynamic sparse training: what to drop and what to grow. RigL (Evci et al., ICML 2020, section 3) grows where the
// dense gradient is largest, SET (Mocanu et al., Nature Communications 2018) at random. When and how much: schedule.ts.

import { InputError } from '../host/input_error.js';
import { checkFinite, checkFraction, checkLength, checkSparsity } from './checks.js';
import { complement, countOnes, union, without } from './masks.js';
import { selectByMagnitude } from './select.js';

export interface MaskUpdate {
  /** 1 = active. As many as before. */
  readonly mask: Uint8Array;
  /** 1 where a weight was active and is no more. */
  readonly dropped: Uint8Array;
  /** 1 where a weight is newly active: set it, and its optimizer state, to 0. Disjoint from `dropped`. */
  readonly grown: Uint8Array;
  /** Active weights considered for dropping: floor(dropFraction * active). */
  readonly candidates: number;
}

export interface MaskUpdateOptions {
  /** [n], 1 = active. */
  readonly mask: Uint8Array;
  /** [n]. */
  readonly weight: Float32Array;
  /** Share of the active weights to drop, in [0, 1]. */
  readonly dropFraction: number;
}

/**
 * The int(n * (1-sparsity)) largest |w|; among equal ones the lowest index.
 *
 * @throws InputError on a sparsity outside [0, 1) or a weight that is not finite.
 */
export function initialMask(weight: Float32Array, sparsity: number): Uint8Array {
  checkSparsity('initialMask', sparsity);
  checkFinite('initialMask', 'weight', weight);
  return selectByMagnitude(weight, Math.floor(weight.length * (1 - sparsity)), 'largest');
}

/**
 * RigL: drops the active weights of smallest |w|, grows as many where |gradient| is largest among all that is then inactive.
 * A weight dropped for its size and grown for its gradient in one update stays as it is (the published code does so too).
 *
 * @param options.gradient [n], dense: of every weight, active or not.
 */
export function updateMask(options: MaskUpdateOptions & { readonly gradient: Float32Array }): MaskUpdate {
  const { gradient } = options;
  checkLength('updateMask', 'gradient', gradient, options.mask.length);
  checkFinite('updateMask', 'gradient', gradient);
  return update('updateMask', options, (inactive, count) => selectByMagnitude(gradient, count, 'largest', inactive));
}

/** SET: drops the active weights of smallest |w|, grows as many at random. `random` gives numbers in [0, 1). */
export function updateMaskRandomly(options: MaskUpdateOptions & { readonly random: () => number }): MaskUpdate {
  return update('updateMaskRandomly', options, (inactive, count) => growRandomly(inactive, count, options.random));
}

function update(
  operation: string,
  { mask, weight, dropFraction }: MaskUpdateOptions,
  grow: (inactive: Uint8Array, count: number) => Uint8Array,
): MaskUpdate {
  checkLength(operation, 'weight', weight, mask.length);
  checkFinite(operation, 'weight', weight);
  checkFraction(operation, 'dropFraction', dropFraction);
  const candidates = Math.floor(dropFraction * countOnes(mask));
  const toDrop = selectByMagnitude(weight, candidates, 'smallest', mask);
  const survives = without(mask, toDrop);
  const updated = union(survives, grow(complement(survives), candidates));
  return { mask: updated, dropped: without(mask, updated), grown: without(updated, mask), candidates };
}

/**
 * `count` of the eligible positions, each set equally likely (Knuth, TAOCP 3.4.2, algorithm S).
 *
 * @param eligible [n], 1 = may be chosen. @param random gives numbers in [0, 1).
 * @returns [n], 1 = chosen.
 */
export function growRandomly(eligible: Uint8Array, count: number, random: () => number): Uint8Array {
  const chosen = new Uint8Array(eligible.length);
  let left = countOnes(eligible);
  let needed = count;
  for (let i = 0; i < eligible.length && needed > 0; i++) {
    if (eligible[i] === 0) continue;
    const draw = random();
    if (!(draw >= 0 && draw < 1)) {
      throw new InputError(`updateMaskRandomly: expected random() in [0, 1), got ${draw}`);
    }
    if (draw * left < needed) {
      chosen[i] = 1;
      needed--;
    }
    left--;
  }
  return chosen;
}
