// One update of a masked weight: `updateMask` and `updateMaskRandomly` of src/sparse, with selection on the GPU. Only bits are read.

import type { MaskedWeight } from '../../nn/index.js';
import { dropSmallest, growLargest } from '../../shaders/index.js';
import { checkFinite, countBits, growRandomly, packBits, unpackBits } from '../../sparse/index.js';
import { type Random, scope, Tensor } from '../../tensor/index.js';
import type { UpdateCounts } from './weight_updates.js';

export interface MaskedUpdateInput {
  readonly weight: MaskedWeight;
  readonly slots: readonly Tensor[];
  /** f32 of the layer's size: a dense gradient. None for growth at random. */
  readonly scores: Tensor | undefined;
  readonly dropFraction: number;
  readonly random: Random;
}

export async function updateMasked({
  weight,
  slots,
  scores,
  dropFraction,
  random,
}: MaskedUpdateInput): Promise<UpdateCounts> {
  const before = weight.bits;
  const count = Math.floor(dropFraction * weight.numActive);
  const { bits, nonFinite } = await select(weight, scores, count);
  const operation = scores ? 'updateMask' : 'updateMaskRandomly';
  if (nonFinite[0] > 0) checkFinite(operation, 'weight', await weight.parameter.readFloats());
  if (nonFinite[1] > 0) checkFinite(operation, 'gradient', await scores!.readFloats());
  const after = scores ? bits : withRandomGrowth(bits, weight.parameter.size, count, random);
  const surviving = countBits(before.map((word, i) => word & after[i]));
  const active = weight.numActive;
  weight.move(after, slots);
  return { candidates: count, dropped: active - surviving, grown: weight.numActive - surviving };
}

/** The set after dropping and, if there are scores, growing; how many weights and scores are not finite. */
async function select(weight: MaskedWeight, scores: Tensor | undefined, count: number) {
  const { parameter } = weight;
  const [bits, ...nonFinite] = await scope(() => {
    const before = Tensor.from(parameter.device, weight.bits, [weight.bits.length], 'u32');
    const dropped = dropSmallest(parameter, before, count);
    const grown = scores && growLargest(scores, dropped.bits, count);
    return Promise.all([(grown ?? dropped).bits.read(), dropped.nonFinite.item(), grown?.nonFinite.item() ?? 0]);
  });
  return { bits: bits as Uint32Array, nonFinite };
}

function withRandomGrowth(survivors: Uint32Array, size: number, count: number, random: Random): Uint32Array {
  const inactive = unpackBits(
    survivors.map((word) => ~word),
    size,
  );
  const grown = packBits(growRandomly(inactive, count, () => random.uniform()));
  return grown.map((word, i) => word | survivors[i]);
}
