// Windows of two-dimensional pooling in batch-last layout: what the float64 references of maximum and average share.
import type { Shape } from '../../src/tensor/index.js';

export interface PoolCase {
  readonly shape: Shape;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** Of a case what an operation takes as options. */
export function poolOf({ shape: _, ...options }: PoolCase): Omit<PoolCase, 'shape'> {
  return options;
}

/** For each element of the result, the flat indices of x that its window holds, row by row, the border left out. */
export function windows({ shape, kernel, stride = kernel, padding = 0 }: PoolCase): number[][] {
  const [channels, height, width, batch] = shape;
  const result: number[][] = [];
  for (let c = 0; c < channels; c++)
    for (let y = -padding; y + kernel <= height + padding; y += stride)
      for (let x = -padding; x + kernel <= width + padding; x += stride)
        for (let n = 0; n < batch; n++) {
          const held: number[] = [];
          for (let iy = Math.max(y, 0); iy < Math.min(y + kernel, height); iy++)
            for (let ix = Math.max(x, 0); ix < Math.min(x + kernel, width); ix++)
              held.push(((c * height + iy) * width + ix) * batch + n);
          result.push(held);
        }
  return result;
}

/** Tiny, odd, overlapping, padded, with gaps between windows and with rows that no window reaches; all batch remainders. */
export const POOL_CASES: readonly PoolCase[] = [
  { shape: [1, 1, 1, 1], kernel: 1 },
  { shape: [2, 4, 6, 4], kernel: 2 },
  { shape: [3, 5, 7, 3], kernel: 2 },
  { shape: [2, 7, 6, 8], kernel: 3, stride: 2 },
  { shape: [2, 8, 7, 4], kernel: 3, stride: 2, padding: 1 },
  { shape: [1, 5, 4, 5], kernel: 3, stride: 1, padding: 1 },
  { shape: [2, 9, 10, 2], kernel: 2, stride: 3, padding: 1 },
  { shape: [1, 6, 9, 12], kernel: 5, stride: 2, padding: 2 },
  { shape: [3, 4, 4, 65], kernel: 4, stride: 4 },
];

export function describePoolCase({ shape, kernel, stride = kernel, padding = 0 }: PoolCase): string {
  return `[${shape}] kernel ${kernel} stride ${stride} padding ${padding}`;
}
