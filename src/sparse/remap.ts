// Optimizer state through a topology update (step 6 of docs/algorithm.md): the momentum of a surviving weight follows it to its
// new slot, that of a grown one starts at 0. RigL's rule; the original keeps stale dense momentum.

import { InputError } from '../device/errors.js';
import { checkLength } from './checks.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';
import { PADDING } from './tables.js';

/**
 * For every slot of the new `values` the slot that its weight had in the old ones; PADDING where it is grown or padded.
 * [to.values.length], ready to drive a gather on the GPU.
 *
 * @throws InputError when the two topologies are not of one layer.
 */
export function remapSlots(from: ShuffledBlocks, to: ShuffledBlocks): Uint32Array {
  if (from.rows !== to.rows || from.columns !== to.columns) {
    throw new InputError(
      `remapSlots: expected topologies of one layer, got [${from.rows}, ${from.columns}] and [${to.rows}, ${to.columns}]`,
    );
  }
  const oldSlot = new Uint32Array(from.rows * from.columns).fill(PADDING);
  from.forEachWeight((slot, position) => {
    oldSlot[position] = slot;
  });
  const sources = new Uint32Array(to.values.length).fill(PADDING);
  to.forEachWeight((slot, position) => {
    sources[slot] = oldSlot[position];
  });
  return sources;
}

/** State shaped like `from.values`, moved to the slots of `to`; 0 for grown weights and padding. */
export function remapValues(from: ShuffledBlocks, to: ShuffledBlocks, state: Float32Array): Float32Array {
  checkLength('remapValues', 'state', state, from.values.length);
  const sources = remapSlots(from, to);
  const moved = new Float32Array(sources.length);
  for (let slot = 0; slot < moved.length; slot++) moved[slot] = sources[slot] === PADDING ? 0 : state[sources[slot]];
  return moved;
}
