// Resizes images by triangles as wide as shrinking asks for, as PIL's bilinear filter does (and nearly as sharp shrinks with the kernel
// `linear`). Browsers resize too, but each in its own way, and some skip pixels when they shrink.

/** A stretch of one axis of an image, in pixels of it, that becomes the whole axis of the result. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
  /** Pixels from `first` up to `end` may be looked at. */
  readonly first: number;
  readonly end: number;
}

/** What one pixel of the result is made of: source pixels from `first` on, with weights that add up to 1. */
export interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

const CHANNELS = 3;

/** For each of `size` pixels of the result. */
export function triangleTaps({ start, length, first, end }: Stretch, size: number): Taps[] {
  const scale = length / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const low = Math.min(Math.max(Math.ceil(centre - reach - 0.5), first), end - 1);
    const high = Math.max(Math.min(Math.floor(centre + reach - 0.5), end - 1), low);
    const weights = Float64Array.from({ length: high - low + 1 }, (_, k) =>
      Math.max(0, 1 - Math.abs(low + k + 0.5 - centre) / reach),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first: low, weights: weights.map((weight) => weight / sum) };
  });
}

/** Bytes [height, columns.end - columns.first, 4], red, green, blue and one more, of rows from `top` on. */
export type ReadRows = (top: number, height: number) => Uint8ClampedArray | Uint8Array;

/** Rows that are read at once. */
const STRIP = 64;

/** u8 [size, size, 3]. Of the source, a strip of rows is in memory at a time. */
export function resizeImage(rows: Stretch, columns: Stretch, size: number, read: ReadRows): Uint8Array {
  const across = triangleTaps(columns, size);
  const uses = usesOfRows(triangleTaps(rows, size), rows);
  const rowBytes = 4 * (columns.end - columns.first);
  const sums = new Float64Array(size * size * CHANNELS);
  const narrow = new Float64Array(size * CHANNELS);
  for (let top = rows.first; top < rows.end; top += STRIP) {
    const height = Math.min(STRIP, rows.end - top);
    const strip = read(top, height);
    for (let i = 0; i < height; i++) {
      const own = uses[top + i - rows.first];
      if (own.length === 0) continue;
      resizeRow(strip.subarray(i * rowBytes, (i + 1) * rowBytes), across, columns.first, narrow);
      for (const { row, weight } of own) {
        const place = row * narrow.length;
        for (let k = 0; k < narrow.length; k++) sums[place + k] += weight * narrow[k];
      }
    }
  }
  return Uint8Array.from(sums, Math.round);
}

/** Of each source row: the rows of the result that it is part of. */
function usesOfRows(down: readonly Taps[], { first, end }: Stretch): { row: number; weight: number }[][] {
  const uses: { row: number; weight: number }[][] = Array.from({ length: end - first }, () => []);
  for (const [row, taps] of down.entries()) {
    for (const [k, weight] of taps.weights.entries()) uses[taps.first + k - first].push({ row, weight });
  }
  return uses;
}

function resizeRow(source: ArrayLike<number>, across: readonly Taps[], origin: number, target: Float64Array): void {
  for (let i = 0; i < across.length; i++) {
    const { first, weights } = across[i];
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0; k < weights.length; k++) {
      const place = 4 * (first + k - origin);
      red += weights[k] * source[place];
      green += weights[k] * source[place + 1];
      blue += weights[k] * source[place + 2];
    }
    target[CHANNELS * i] = red;
    target[CHANNELS * i + 1] = green;
    target[CHANNELS * i + 2] = blue;
  }
}
