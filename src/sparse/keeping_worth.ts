// What keeping or growing each position is worth when blocks are extracted.
//
// Unlike the original, worth is taken from the gradient too. A surviving weight is worth w^2 relative to the mean over the active ones;
// any other position dropFraction * g^2 relative to the mean over the positions chosen to grow: annealed with the schedule, so that
// late updates move little. The original gives every chosen position the mean |w| and so leaves the choice among equally filled
// columns to the order of an unstable sort.
//
// Every product is rounded to f32 before it is used, so that a GPU computes the same bits.

import type { ShuffledBlocks } from './shuffled_blocks.js';

export interface WorthScales {
  /** Of weights and of gradients, f32: worth is the square of the scaled value. 0 where there is nothing to scale. */
  readonly weight: number;
  readonly gradient: number;
}

/**
 * @param blocks whose values are the weights before the update.
 * @param chosen the gradient at the positions chosen to grow, in their order.
 */
export function worthScales(blocks: ShuffledBlocks, chosen: Float32Array, dropFraction: number): WorthScales {
  // Padding holds zeros.
  const meanWeight = sumOfSquares(blocks.values) / blocks.numNonzero;
  const meanGradient = sumOfSquares(chosen) / chosen.length;
  return { weight: scale(1, meanWeight), gradient: scale(dropFraction, meanGradient) };
}

/**
 * [rows*columns].
 *
 * @param gradient [rows*columns]. @param survives [rows*columns], 1 where a weight is active and not dropped.
 */
export function keepingWorth(
  blocks: ShuffledBlocks,
  gradient: Float32Array,
  survives: Uint8Array,
  scales: WorthScales,
): Float32Array {
  const worth = new Float32Array(gradient.length);
  for (let i = 0; i < worth.length; i++) worth[i] = Math.fround(gradient[i] * scales.gradient) ** 2;
  blocks.forEachWeight((slot, i) => {
    if (survives[i] === 1) worth[i] = Math.fround(blocks.values[slot] * scales.weight) ** 2;
  });
  return worth;
}

/** sqrt(share / mean), and 0 where there is nothing to scale. */
function scale(share: number, mean: number): number {
  return mean > 0 ? Math.fround(Math.sqrt(share / mean)) : 0;
}

function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
