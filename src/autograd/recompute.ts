// Results that the backward pass computes again instead of having them kept (Chen et al. 2016, https://arxiv.org/abs/1604.06174), for operations
// that cost little beside the convolutions between them. In a recorded step, their memory is free for others from their last use in
// the forward pass to their first in the backward pass.

import type { Tensor } from '../tensor/index.js';

let enabled = false;
const recipes = new WeakMap<Tensor, () => Tensor>();

/** Runs `body`, in which results are noted that can be computed again, if `isWanted`. */
export function recomputing<T>(isWanted: boolean, body: () => T): T {
  const before = enabled;
  enabled = isWanted;
  try {
    return body();
  } finally {
    enabled = before;
  }
}

/** @param again computes the same values into a new tensor, from others that are kept. */
export function noteRecipe(output: Tensor, again: () => Tensor): void {
  if (enabled) recipes.set(output, again);
}

/** Runs `body`, in a backward pass, with the values of `tensor`: itself, or what its recipe makes. */
export function withValuesOf<T>(tensor: Tensor, body: (values: Tensor) => T): T {
  const again = recipes.get(tensor);
  if (!again) return body(tensor);
  const values = again();
  const result = body(values);
  values.dispose();
  return result;
}
