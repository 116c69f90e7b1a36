// Statistics of the rows of a tensor, part by part, from the kernel that made it and had its values in registers: they spare batchNorm a
// pass over memory. They hang on the tensor, so that what passes it on need not know of them.

import { Tensor } from '../tensor/index.js';
import { lanesOf } from './launch.js';

/** How the rows of a tensor are split; the last part of a row may be shorter. */
interface Parts {
  readonly parts: number;
  readonly partLength: number;
}

export interface PartStatistics extends Parts {
  /** [parts, rows, 2]: mean of a part of a row, and sum of squared deviations from it. */
  readonly partial: Tensor;
}

const noted = new WeakMap<Tensor, PartStatistics>();

/**
 * Runs `body`, which launches a kernel that binds `partial`, and notes what it leaves there as statistics of `y`, if `isWanted`; otherwise
 * nobody reads or writes it.
 * @param parts lengths in Vecs of the last dimension.
 */
export function withPartial(
  y: Tensor,
  isWanted: boolean | undefined,
  { parts, partLength }: Parts,
  body: (partial: Tensor) => void,
): void {
  const partial = Tensor.empty(y.device, isWanted ? [parts, y.shape[0], 2] : [1]);
  body(partial);
  if (isWanted) noted.set(y, { partial, parts, partLength: partLength * lanesOf(y.shape.at(-1)!) });
  else partial.dispose();
}

/** Those of `x`, in elements, and only once: the caller disposes `partial`. */
export function takeStatistics(x: Tensor): PartStatistics | undefined {
  const statistics = noted.get(x);
  noted.delete(x);
  return statistics?.partial.isDisposed ? undefined : statistics;
}
