// One update of a weight in blocks: `updateTopology` of src/sparse, with all that touches every position of the layer on the GPU. The
// host reads the values of the blocks, decides what to drop, and is told what clustering and extraction need to know: columns
// that pairs of rows share, and the energy of each group's columns. Of large layers nothing dense is read.

import type { BlockWeight } from '../../nn/index.js';
import { groupEnergies, growLargest, keepingWorth, rowIntersections } from '../../shaders/index.js';
import {
  checkFinite,
  countOnes,
  type DropRuleName,
  dropRules,
  extractArranged,
  extractRefined,
  isRefined,
  positionBits,
  proposedOrders,
  type ShuffledBlocks,
  topologyChange,
  type WorthScales,
  worthScales,
} from '../../sparse/index.js';
import { keep, scope, Tensor } from '../../tensor/index.js';
import type { UpdateCounts } from './weight_updates.js';

const OPERATION = 'updateTopology';

export interface BlockUpdateInput {
  readonly weight: BlockWeight;
  readonly slots: readonly Tensor[];
  /** f32 of the layer's size: what growing each position is worth, by magnitude. */
  readonly scores: Tensor;
  readonly dropFraction: number;
  readonly dropRule: DropRuleName;
}

export async function updateBlocks(input: BlockUpdateInput): Promise<UpdateCounts> {
  const { weight, scores, slots, dropFraction, dropRule } = input;
  const before = await weight.readBlocks();
  checkFinite(OPERATION, 'weight', before.values);
  const { candidates, slots: drop } = dropRules[dropRule](before, dropFraction);
  const numDropped = countOnes(drop);
  if (numDropped === 0) return { candidates, dropped: 0, grown: 0, changedBlocks: 0 };
  const bits = positionBits(before, drop);
  const survivors = keep(Tensor.from(scores.device, bits, [bits.length], 'u32'));
  try {
    const { orders, chosen } = await grow(before, scores, survivors, numDropped);
    const scales = worthScales(before, chosen, dropFraction);
    const after = await extract(input, before, { survivors, orders, scales });
    const { sources, ...change } = topologyChange(before, after);
    if (change.changedBlocks > 0) weight.move(after, sources, slots);
    return { candidates, ...change };
  } finally {
    survivors.dispose();
  }
}

interface Growth {
  /** Row orders to choose from. */
  readonly orders: readonly Uint32Array[];
  /** Scores of the positions that are to grow. */
  readonly chosen: Float32Array;
}

async function grow(before: ShuffledBlocks, scores: Tensor, survivors: Tensor, count: number): Promise<Growth> {
  const { rows, columns } = before;
  const [common, chosen, nonFinite] = await scope(() => {
    const { bits, selected, nonFinite } = growLargest(scores, survivors, count);
    return Promise.all([rowIntersections(bits, rows, columns).read(), selected.read(count), nonFinite.item()]);
  });
  if (nonFinite > 0) checkFinite(OPERATION, 'gradient', await scores.readFloats());
  return { orders: proposedOrders(before, common as Uint32Array), chosen: chosen as Float32Array };
}

interface ExtractionInput {
  readonly survivors: Tensor;
  readonly orders: readonly Uint32Array[];
  readonly scales: WorthScales;
}

/** The new topology, with values 0. */
async function extract(
  { weight, scores }: BlockUpdateInput,
  before: ShuffledBlocks,
  { survivors, orders, scales }: ExtractionInput,
): Promise<ShuffledBlocks> {
  const { device } = scores;
  const { rows, blockSize } = before;
  const reading = scope(() => {
    const worth = keepingWorth({
      ...{ gradient: scores, values: weight.parameter, tables: weight.tables, survivors },
      scales: Tensor.from(device, [scales.weight, scales.gradient], [2]),
    });
    if (isRefined(before)) return worth.read();
    const all = new Uint32Array(orders.length * rows);
    for (const [i, order] of orders.entries()) all.set(order, i * rows);
    return groupEnergies(worth, Tensor.from(device, all, [orders.length, rows], 'u32'), blockSize).read();
  });
  const read = (await reading) as Float32Array;
  if (isRefined(before)) return extractRefined(orders, read, before);
  const length = read.length / orders.length;
  const arrangements = orders.map((order, i) => ({ order, energies: read.subarray(i * length, (i + 1) * length) }));
  return extractArranged(arrangements, before);
}
