// A batch in parts that fit into memory: their gradients are summed, each weighted by its share of the images, which gives the gradient
// of the whole batch for every layer that treats images one by one. BatchNorm does not: it normalises each part by itself.

import { type BatchRange, batches } from '../data/index.js';

export interface MicroBatch extends BatchRange {
  /** Of the batch's images. */
  readonly share: number;
  /** For dropout, u32: another in each part, since all are of one step. */
  readonly seed: number;
}

/** An odd number far from small ones (2^32 / golden ratio), so that the seeds of parts are those of no run beside this one. */
const SEED_STEP = 0x9e3779b9;

/** @param most images of a part; the whole batch if not given. @param seed of the run, and of the first part. */
export function microBatches({ first, size }: BatchRange, most: number | undefined, seed: number): MicroBatch[] {
  return batches(size, most ?? size).map((part, i) => ({
    first: first + part.first,
    size: part.size,
    share: part.size / size,
    seed: (seed + Math.imul(i, SEED_STEP)) >>> 0,
  }));
}
