// One topology update of one layer, on the CPU: reads weight and dense gradient, decides by the functions of src/sparse, writes the
// new topology with the values and the state (momentum and the like) of the weights that survive.

import { BlockWeight, MaskedWeight, type SparseWeight } from '../nn/index.js';
import { type DropRuleName, remapValues, updateMask, updateMaskRandomly, updateTopology } from '../sparse/index.js';
import { type Random, sizeOf, type Tensor } from '../tensor/index.js';

export interface UpdateInput {
  readonly weight: SparseWeight;
  /** Of the weight's parameter, each of its shape: see `WeightState`. */
  readonly slots: readonly Tensor[];
  /** What growing each position is worth, by magnitude, [weight.shape]: a dense gradient. None for growth at random. */
  readonly scores: Tensor | undefined;
  readonly dropFraction: number;
  /** For growth at random: of this step and layer alone, so that a resumed run draws what it would have drawn. */
  readonly random: Random;
}

export interface UpdateCounts {
  /** Active weights that the rule considered dropping. */
  readonly candidates: number;
  readonly dropped: number;
  readonly grown: number;
  /** Blocks that hold a grown weight; for block weights only. */
  readonly changedBlocks?: number;
}

export interface UpdateOptions {
  /** What block weights drop; default 'original'. */
  readonly dropRule?: DropRuleName;
}

/** One update, in whatever form the weight is. */
export function updateWeight(input: UpdateInput, { dropRule }: UpdateOptions = {}): Promise<UpdateCounts> {
  const { weight } = input;
  if (weight instanceof BlockWeight) return updateBlocks(weight, input, dropRule);
  if (weight instanceof MaskedWeight) return updateMasked(weight, input);
  throw new Error('updateWeight: expected a weight in blocks or a masked one');
}

async function updateBlocks(
  weight: BlockWeight,
  { slots, scores, random, dropFraction }: UpdateInput,
  dropRule: DropRuleName | undefined,
): Promise<UpdateCounts> {
  const [before, gradient] = await Promise.all([
    weight.readBlocks(),
    scores ? readFloats(scores) : randomScores(random, sizeOf(weight.shape)),
  ]);
  const update = updateTopology({ blocks: before, weight: before.toDense(), gradient, dropFraction, dropRule });
  const { blocks, dropped, grown, candidates, changedBlocks } = update;
  if (changedBlocks > 0) {
    await moveSlots(slots, (state) => remapValues(before, blocks, state));
    weight.replace(blocks);
  }
  return { candidates, dropped: count(dropped), grown: count(grown), changedBlocks };
}

async function updateMasked(
  weight: MaskedWeight,
  { slots, scores, random, dropFraction }: UpdateInput,
): Promise<UpdateCounts> {
  const [values, gradient] = await Promise.all([weight.readDense(), scores && readFloats(scores)]);
  const before = weight.mask;
  const options = { mask: before, weight: values, dropFraction };
  const { mask, dropped, grown, candidates } = gradient
    ? updateMask({ ...options, gradient })
    : updateMaskRandomly({ ...options, random: () => random.uniform() });
  // All start at 0 where grown; what was dropped is masked and shall not come back with stale momentum.
  const surviving = (state: Float32Array) => state.map((value, i) => (before[i] === 1 && mask[i] === 1 ? value : 0));
  await moveSlots(slots, surviving);
  weight.replace(mask, surviving(values));
  return { candidates, dropped: count(dropped), grown: count(grown) };
}

/** Reads every slot, and writes it as `move` says. */
async function moveSlots(slots: readonly Tensor[], move: (state: Float32Array) => Float32Array): Promise<void> {
  const states = await Promise.all(slots.map(readFloats));
  for (const [i, slot] of slots.entries()) slot.write(move(states[i]));
}

function randomScores(random: Random, size: number): Float32Array {
  return Float32Array.from({ length: size }, () => random.uniform());
}

async function readFloats(tensor: Tensor): Promise<Float32Array> {
  return (await tensor.read()) as Float32Array;
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, one) => sum + one, 0);
}
