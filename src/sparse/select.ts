// The k entries of largest (or smallest) magnitude, by radix selection on the bits of |x|: linear time, no sorting of millions
// of weights. Bits of nonnegative floats order like the floats.

/**
 * Marks the `count` eligible entries of largest or smallest |value|; among equal magnitudes the lowest index wins.
 *
 * @param values finite numbers.
 * @param eligible same length, 1 = may be chosen, 0 = not; all may without it.
 * @returns mask of the same length. Fewer are marked only if fewer are eligible.
 */
export function selectByMagnitude(
  values: Float32Array,
  count: number,
  which: 'largest' | 'smallest',
  eligible: Uint8Array = new Uint8Array(values.length).fill(1),
): Uint8Array {
  const chosen = new Uint8Array(values.length);
  if (count <= 0) return chosen;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  // The smallest keys are wanted: flipping the bits of a magnitude reverses the order.
  const flip = which === 'smallest' ? 0 : MAGNITUDE_BITS;
  const histogram = new Uint32Array(2 ** (31 - HIGH_SHIFT));
  for (let i = 0; i < bits.length; i++) {
    histogram[((bits[i] & MAGNITUDE_BITS) ^ flip) >>> HIGH_SHIFT] += eligible[i];
  }
  const { digit, below } = digitOfRank(histogram, count);
  // Most entries are decided by their high digit; only those that share the threshold's are looked at again.
  const undecided = new Uint32Array(histogram[digit] ?? 0);
  let numUndecided = 0;
  for (let i = 0; i < bits.length; i++) {
    const high = ((bits[i] & MAGNITUDE_BITS) ^ flip) >>> HIGH_SHIFT;
    if (high > digit || eligible[i] === 0) continue;
    if (high < digit) chosen[i] = 1;
    else undecided[numUndecided++] = i;
  }
  chooseSmallest(undecided, bits, flip, count - below, chosen);
  return chosen;
}

const MAGNITUDE_BITS = 0x7fffffff;
/** High digit: exponent and 3 bits of the mantissa. Its 2048 counters stay in the fastest cache. */
const HIGH_SHIFT = 20;
const LOW_SHIFT = 9;

/** Marks the `count` smallest keys among `indices`, which agree in their high digit and ascend. */
function chooseSmallest(
  indices: Uint32Array,
  bits: Uint32Array,
  flip: number,
  count: number,
  chosen: Uint8Array,
): void {
  const middle = new Uint32Array(2 ** (HIGH_SHIFT - LOW_SHIFT));
  const middleOf = (i: number) => (((bits[i] & MAGNITUDE_BITS) ^ flip) >>> LOW_SHIFT) & (middle.length - 1);
  const lowest = new Uint32Array(2 ** LOW_SHIFT);
  const lowestOf = (i: number) => ((bits[i] & MAGNITUDE_BITS) ^ flip) & (lowest.length - 1);
  for (const i of indices) middle[middleOf(i)]++;
  const first = digitOfRank(middle, count);
  for (const i of indices) if (middleOf(i) === first.digit) lowest[lowestOf(i)]++;
  const second = digitOfRank(lowest, count - first.below);
  let ties = count - first.below - second.below;
  for (const i of indices) {
    const difference = middleOf(i) - first.digit || lowestOf(i) - second.digit;
    if (difference < 0 || (difference === 0 && ties-- > 0)) chosen[i] = 1;
  }
}

/** The digit of the entry of this rank (from 1), and how many entries have smaller digits; past the end if there are fewer. */
function digitOfRank(histogram: Uint32Array, rank: number): { digit: number; below: number } {
  let below = 0;
  let digit = 0;
  while (digit < histogram.length && below + histogram[digit] < rank) below += histogram[digit++];
  return { digit, below };
}
