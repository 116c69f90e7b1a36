// One topology update of one layer, in whatever form its weight is. The functions of src/sparse say what is done; what they
// do to every position of a layer, the GPU does here.

import { BlockWeight, MaskedWeight, type SparseWeight } from '../../nn/index.js';
import type { DropRuleName } from '../../sparse/index.js';
import { keep, type Random, sizeOf, Tensor } from '../../tensor/index.js';
import { updateBlocks } from './block_updates.js';
import { updateMasked } from './masked_updates.js';

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

/**
 * One update. Weight and state are changed on the GPU once all that could fail has been decided.
 * @throws InputError on weights or scores that are not finite; nothing is changed then.
 */
export async function updateWeight(
  input: UpdateInput,
  { dropRule = 'original' }: UpdateOptions = {},
): Promise<UpdateCounts> {
  const { weight } = input;
  if (weight instanceof MaskedWeight) return updateMasked({ ...input, weight });
  if (!(weight instanceof BlockWeight)) throw new Error('updateWeight: expected a weight in blocks or a masked one');
  if (input.scores) return updateBlocks({ ...input, weight, scores: input.scores, dropRule });
  const scores = randomScores(input);
  return updateBlocks({ ...input, weight, scores, dropRule }).finally(() => scores.dispose());
}

function randomScores({ weight, random }: UpdateInput): Tensor {
  const values = Float32Array.from({ length: sizeOf(weight.shape) }, () => random.uniform());
  return keep(Tensor.from(weight.parameter.device, values, weight.shape));
}
