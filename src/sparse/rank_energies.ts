// Sorting by energy. Bits of nonnegative floats order like the floats, so radix sort takes three passes over them, and being stable
// leaves equal energies in the order of their indices. Arrays are kept: thousands of columns are ranked for hundreds of groups.

const DIGIT_BITS = 11;
const BINS = 2 ** DIGIT_BITS;
/** Digits of the 31 bits of an energy, lowest first. */
const SHIFTS = [0, DIGIT_BITS, 2 * DIGIT_BITS];
const HIGH_SHIFT = 2 * DIGIT_BITS;
const MAGNITUDE_BITS = 0x7fffffff;
const histogram = new Uint32Array(BINS);
let scratch = { keys: [new Uint32Array(0), new Uint32Array(0)], indices: [new Uint32Array(0), new Uint32Array(0)] };

/** Indices by ascending energy, equal ones in their order. @param energies nonnegative. */
export function rankAscending(energies: Float32Array): Uint32Array {
  const bits = new Uint32Array(energies.buffer, energies.byteOffset, energies.length);
  const { keys, indices } = scratchOf(bits.length);
  keys[0].set(bits);
  for (let i = 0; i < bits.length; i++) indices[0][i] = i;
  return sortedIndices(bits.length).slice();
}

/**
 * The `count` columns of highest energy, descending, equal ones by index. Few of many are wanted, so they are first told apart by the
 * highest digit of their energies, and only those that may be among them are sorted.
 *
 * @param energies [columns], nonnegative and finite.
 */
export function topColumns(energies: Float32Array, count: number): Uint32Array {
  const bits = new Uint32Array(energies.buffer, energies.byteOffset, energies.length);
  const lowest = count < bits.length ? highDigitOfRank(bits, count) << HIGH_SHIFT : 0;
  const { keys, indices } = scratchOf(bits.length);
  let length = 0;
  for (let column = 0; column < bits.length; column++) {
    if (bits[column] < lowest) continue;
    // Descending energy becomes ascending key.
    keys[0][length] = MAGNITUDE_BITS - bits[column];
    indices[0][length++] = column;
  }
  return sortedIndices(length).slice(0, count);
}

/** The highest digit of the energy of this rank, counted from 1, highest energy first. */
function highDigitOfRank(bits: Uint32Array, rank: number): number {
  histogram.fill(0);
  for (let i = 0; i < bits.length; i++) histogram[bits[i] >>> HIGH_SHIFT]++;
  let digit = BINS - 1;
  for (let above = histogram[digit]; above < rank; above += histogram[digit]) digit--;
  return digit;
}

/** Sorts the first `length` entries of the scratch arrays; a view of the indices, valid until the next ranking. */
function sortedIndices(length: number): Uint32Array {
  const { keys, indices } = scratch;
  let from = 0;
  for (const shift of SHIFTS) {
    const [keysIn, keysOut] = [keys[from], keys[1 - from]];
    const [indicesIn, indicesOut] = [indices[from], indices[1 - from]];
    histogram.fill(0);
    for (let i = 0; i < length; i++) histogram[(keysIn[i] >>> shift) & (BINS - 1)]++;
    for (let bin = 0, start = 0; bin < BINS; bin++) {
      const end = start + histogram[bin];
      histogram[bin] = start;
      start = end;
    }
    for (let i = 0; i < length; i++) {
      const to = histogram[(keysIn[i] >>> shift) & (BINS - 1)]++;
      keysOut[to] = keysIn[i];
      indicesOut[to] = indicesIn[i];
    }
    from = 1 - from;
  }
  return indices[from].subarray(0, length);
}

function scratchOf(length: number): typeof scratch {
  if (scratch.keys[0].length < length) {
    const pair = () => [new Uint32Array(length), new Uint32Array(length)];
    scratch = { keys: pair(), indices: pair() };
  }
  return scratch;
}
