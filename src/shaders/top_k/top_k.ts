// The k entries of largest or smallest magnitude, by radix selection on the bits of |x| (bits of nonnegative floats order like
// the floats): three digits, each a histogram of what is still undecided, then one pass that marks. Exactly what
// selectByMagnitude of src/sparse/select.ts says, ties included; only bits and the k values need to be read back.

import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { top_k_count, top_k_digit, top_k_histogram, top_k_mark, top_k_offsets } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const histogramKernel = kernel(top_k_histogram);
const digitKernel = kernel(top_k_digit);
const countKernel = kernel(top_k_count);
const offsetsKernel = kernel(top_k_offsets);
const markKernel = kernel(top_k_mark);

/** The 31 bits of a magnitude, most significant digit first. */
const DIGITS = [
  { shift: 20, digit_bits: 11 },
  { shift: 10, digit_bits: 10 },
  { shift: 0, digit_bits: 10 },
];
const BINS = histogramKernel.constant('BINS');
const CHUNK = histogramKernel.constant('CHUNK');

export interface TopK {
  /** u32 [ceil(n/32)]: the set after the change; position i is bit i % 32 of word i / 32, bits past n are 0. */
  readonly bits: Tensor;
  /** f32 [n]: the selected values come first, in the order of their positions; the rest is unspecified. */
  readonly selected: Tensor;
  /** u32 [1]: how many of all n values are infinite or NaN. If not 0, the selection means nothing. */
  readonly nonFinite: Tensor;
}

/**
 * Adds to a set the `count` positions of largest |values| outside of it; among equal magnitudes the lowest wins. All of them, if
 * fewer are outside.
 *
 * @param values f32 of n elements.
 * @param bits u32 [ceil(n/32)]: the set, as in `TopK`.
 */
export function growLargest(values: Tensor, bits: Tensor, count: number): TopK {
  return toggle('growLargest', values, bits, count, 1);
}

/** Takes out of a set its `count` positions of smallest |values|, otherwise like `growLargest`. */
export function dropSmallest(values: Tensor, bits: Tensor, count: number): TopK {
  return toggle('dropSmallest', values, bits, count, 0);
}

function toggle(operation: string, values: Tensor, bits: Tensor, count: number, grow: 0 | 1): TopK {
  const { device, size } = values;
  checkTensor(operation, 'values', values, 'f32', values.shape);
  checkTensor(operation, 'bits', bits, 'u32', [Math.ceil(size / 32)]);
  if (!Number.isInteger(count) || count < 0) throw new Error(`${operation}: expected count >= 0, got ${count}`);
  const chunks = Math.ceil(size / CHUNK);
  // Rank 0 is below every key, and the threshold with it: nothing is selected.
  const threshold = Tensor.from(device, [0, count], [2], 'u32');
  const nonFinite = Tensor.zeros(device, [1], 'u32');
  const histogram = Tensor.zeros(device, [DIGITS.length * BINS], 'u32');
  const counts = Tensor.empty(device, [chunks, 2], 'u32');
  const result = Tensor.empty(device, bits.shape, 'u32');
  const selected = Tensor.empty(device, [size]);
  const subject = { values, bits, threshold };
  for (const [digit, { shift, digit_bits }] of DIGITS.entries()) {
    const params = { shift, digit_bits, first_bin: digit * BINS };
    runKernelOn(histogramKernel, { ...subject, histogram, non_finite: nonFinite }, { ...params, size, grow }, chunks);
    runKernelOn(digitKernel, { histogram, threshold }, params, 1);
  }
  runKernelOn(countKernel, { ...subject, counts }, { size, grow }, chunks);
  runKernelOn(offsetsKernel, { counts }, { chunks }, 1);
  runKernelOn(markKernel, { ...subject, before_chunk: counts, toggled: result, selected }, { size, grow }, chunks);
  for (const temporary of [threshold, histogram, counts]) temporary.dispose();
  return { bits: result, selected, nonFinite };
}
