// One topology update of one layer, on the CPU: reads weight and dense gradient, decides by the functions of src/sparse, writes the
// new topology with the values and the state (momentum and the like) of the weights that survive.

import { BlockWeight, MaskedWeight, type SparseWeight } from '../nn/index.js';
import {
  type DropRuleName,
  type MaskUpdate,
  remapValues,
  updateMask,
  updateMaskRandomly,
  updateTopology,
} from '../sparse/index.js';
import type { Random, Tensor } from '../tensor/index.js';

export interface UpdateInput {
  readonly weight: SparseWeight;
  /** Of the weight's parameter, each of its shape: see `WeightState`. */
  readonly slots: readonly Tensor[];
  /** [weight.shape], dense. */
  readonly gradient: Tensor;
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

export type WeightUpdate = (input: UpdateInput) => Promise<UpdateCounts>;

/** DSB. */
export function updateBlocks(dropRule: DropRuleName | undefined): WeightUpdate {
  return async ({ weight, slots, gradient, dropFraction }) => {
    if (!(weight instanceof BlockWeight)) throw new Error('updateBlocks: expected a weight in blocks');
    const [before, gradientValues] = await Promise.all([weight.readBlocks(), readFloats(gradient)]);
    const { blocks, dropped, grown, candidates, changedBlocks } = updateTopology({
      blocks: before,
      weight: before.toDense(),
      gradient: gradientValues,
      dropFraction,
      dropRule,
    });
    if (changedBlocks > 0) {
      await moveSlots(slots, (state) => remapValues(before, blocks, state));
      weight.replace(blocks);
    }
    return { candidates, dropped: count(dropped), grown: count(grown), changedBlocks };
  };
}

/** RigL. */
export const updateMaskByGradient: WeightUpdate = async (input) => {
  const gradient = await readFloats(input.gradient);
  return replaceMask(input, (mask, weight) => updateMask({ mask, weight, gradient, dropFraction: input.dropFraction }));
};

/** SET. */
export const updateMaskAtRandom: WeightUpdate = (input) =>
  replaceMask(input, (mask, weight) => {
    const { random, dropFraction } = input;
    return updateMaskRandomly({ mask, weight, random: () => random.uniform(), dropFraction });
  });

async function replaceMask(
  { weight, slots }: UpdateInput,
  update: (mask: Uint8Array, weight: Float32Array) => MaskUpdate,
): Promise<UpdateCounts> {
  if (!(weight instanceof MaskedWeight)) throw new Error('replaceMask: expected a masked weight');
  const values = await weight.readDense();
  const before = weight.mask;
  const { mask, dropped, grown, candidates } = update(before, values);
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

async function readFloats(tensor: Tensor): Promise<Float32Array> {
  return (await tensor.read()) as Float32Array;
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, one) => sum + one, 0);
}
