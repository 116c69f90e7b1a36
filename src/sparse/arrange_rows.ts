// Which rows share a group. Clustering by mask decides well where a layer has many blocks, but breaks ties blindly where it has
// few: at 0.9 sparsity most rows of a small layer are empty, every distance is 1, and a tie can scatter a good group. So the
// clustered order competes with the current one, and small layers are refined: with the kept columns fixed, what a row is worth
// in each group is known, and rows change places while that gains; then columns are chosen anew, and so on while it gains.

import type { BlockShape } from './checks.js';
import {
  type Arrangement,
  blocksOf,
  chooseBlocks,
  type Extraction,
  type ExtractionShape,
  groupEnergies,
} from './extract_blocks.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';

/** Most weights of a layer whose rows are refined: it takes the energy of every single weight. */
const MOST_REFINED = 2 ** 16;
const MOST_ROUNDS = 12;
const MOST_PASSES = 8;
/** Gains below this share of the total are rounding. */
const LEAST_GAIN = 1e-7;

/** The blocks of the arrangement whose blocks have most energy, with values 0. */
export function extractArranged(arrangements: readonly Arrangement[], shape: ExtractionShape): ShuffledBlocks {
  return blocksOf(bestExtraction(arrangements, shape), shape);
}

/**
 * The same, refined; for layers that `isRefined` names.
 *
 * @param orders each [rows]. @param energy [rows*columns]: what keeping a weight is worth.
 */
export function extractRefined(
  orders: readonly Uint32Array[],
  energy: Float32Array,
  shape: ExtractionShape,
): ShuffledBlocks {
  const arrangements = orders.map((order) => ({ order, energies: groupEnergies(order, energy, shape) }));
  return blocksOf(refineRows(bestExtraction(arrangements, shape), energy, shape), shape);
}

/** The extraction of highest energy; of equal ones the first. */
export function bestExtraction(arrangements: readonly Arrangement[], shape: ExtractionShape): Extraction {
  const extractions = arrangements.map((arrangement) => chooseBlocks(arrangement, shape));
  return extractions.reduce((best, next) => (next.energy > best.energy ? next : best));
}

/** Whether the rows of such a layer are refined. */
export function isRefined({ rows, columns, blockSize }: BlockShape): boolean {
  return rows > blockSize && rows * columns <= MOST_REFINED;
}

/**
 * The given extraction, or a better one.
 *
 * @param energy [rows*columns]: what keeping a weight is worth.
 */
export function refineRows(start: Extraction, energy: Float32Array, shape: ExtractionShape): Extraction {
  let best = start;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const order = best.order.slice();
    if (!swapRows(order, worthOfRows(best, energy, shape), shape, LEAST_GAIN * best.energy)) break;
    const next = chooseBlocks({ order, energies: groupEnergies(order, energy, shape) }, shape);
    if (next.energy <= best.energy * (1 + LEAST_GAIN)) break;
    best = next;
  }
  return best;
}

/** What each row would add to each group's kept columns, [rows*groups]. */
function worthOfRows({ rankings, kept }: Extraction, energy: Float32Array, shape: ExtractionShape): Float64Array {
  const { rows, columns, blockSize } = shape;
  const worth = new Float64Array(rows * rankings.length);
  for (const [group, ranking] of rankings.entries()) {
    const columnsKept = ranking.subarray(0, kept[group] * blockSize);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < columnsKept.length; i++) sum += energy[row * columns + columnsKept[i]];
      worth[row * rankings.length + group] = sum;
    }
  }
  return worth;
}

/** Swaps rows of different groups in `order` wherever both together are worth more by `leastGain`. Whether any were. */
function swapRows(order: Uint32Array, worth: Float64Array, { blockSize }: BlockShape, leastGain: number): boolean {
  const numGroups = Math.ceil(order.length / blockSize);
  let swapped = false;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let swappedNow = false;
    for (let slotA = blockSize; slotA < order.length; slotA++) {
      const groupA = Math.floor(slotA / blockSize);
      for (let slotB = 0; slotB < groupA * blockSize; slotB++) {
        const groupB = Math.floor(slotB / blockSize);
        const a = order[slotA] * numGroups;
        const b = order[slotB] * numGroups;
        if (worth[a + groupB] + worth[b + groupA] - worth[a + groupA] - worth[b + groupB] <= leastGain) continue;
        [order[slotA], order[slotB]] = [order[slotB], order[slotA]];
        swappedNow = true;
      }
    }
    if (!swappedNow) break;
    swapped = true;
  }
  return swapped;
}
