// Set operations on masks of one byte a position, 0 or 1. Plain loops without branches: layers have millions of positions.

/** 1 where `mask` is 1 and `removed` is 0. */
export function without(mask: Uint8Array, removed: Uint8Array): Uint8Array {
  const result = new Uint8Array(mask.length);
  for (let i = 0; i < result.length; i++) result[i] = mask[i] & (removed[i] ^ 1);
  return result;
}

/** 1 where either is 1. */
export function union(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i] | b[i];
  return result;
}

/** 1 where `mask` is 0. */
export function complement(mask: Uint8Array): Uint8Array {
  const result = new Uint8Array(mask.length);
  for (let i = 0; i < result.length; i++) result[i] = mask[i] ^ 1;
  return result;
}

/** Positions that are 1. */
export function countOnes(mask: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i];
  return count;
}
