// One update of a shuffled-block topology: drop, grow, extract blocks again (step 5 of docs/algorithm.md).
//
// Extraction needs a worth for every position, and unlike the original takes it from the gradient too. A surviving weight is
// worth w^2 relative to the mean over the active ones; an inactive position dropFraction * g^2 relative to the mean over the
// positions chosen to grow: annealed with the schedule, so that late updates move little. The original gives every chosen
// position the mean |w| and so leaves the choice among equally filled columns to the order of an unstable sort.

import { InputError } from '../device/errors.js';
import { bestRowOrder } from './arrange_rows.js';
import { checkFinite, checkFraction, checkLength } from './checks.js';
import { clusterOrder } from './cluster.js';
import { type DropRuleName, dropRules } from './drop_rules.js';
import { extractBlocks } from './extract_blocks.js';
import { complement, countOnes, union, without } from './masks.js';
import { selectByMagnitude } from './select.js';
import type { ShuffledBlocks } from './shuffled_blocks.js';

export interface UpdateTopologyOptions {
  readonly blocks: ShuffledBlocks;
  /** [rows*columns], dense; read at active positions only. */
  readonly weight: Float32Array;
  /** [rows*columns], the dense gradient. */
  readonly gradient: Float32Array;
  /** Share of the active weights that may be dropped, in [0, 1]. */
  readonly dropFraction: number;
  /** Default 'original'. */
  readonly dropRule?: DropRuleName;
}

export interface TopologyUpdate {
  /** As many blocks as before; values are the surviving weights, and 0 where grown. */
  readonly blocks: ShuffledBlocks;
  /** [rows*columns], 1 where a weight was active and is no more. */
  readonly dropped: Uint8Array;
  /** [rows*columns], 1 where a weight is newly active. Disjoint from `dropped`. */
  readonly grown: Uint8Array;
  /** Weights that the drop rule considered. */
  readonly candidates: number;
  /** Blocks of the new topology that hold a grown weight. */
  readonly changedBlocks: number;
}

/**
 * Drops by the rule, grows as many where |gradient| is largest, and extracts blocks from the result. When the rule drops
 * nothing, nothing changes.
 *
 * @throws InputError on wrong lengths, values that are not finite, a fraction outside [0, 1], an unknown rule.
 */
export function updateTopology(options: UpdateTopologyOptions): TopologyUpdate {
  const { blocks, weight, dropFraction, dropRule = 'original' } = options;
  checkOptions(options);
  const before = blocks.toMask();
  const drop = dropRules[dropRule](blocks, weight, before, dropFraction);
  const numDropped = countOnes(drop.mask);
  if (numDropped === 0) {
    const none = new Uint8Array(before.length);
    return {
      blocks: blocks.fromDense(weight),
      dropped: none,
      grown: none.slice(),
      candidates: drop.candidates,
      changedBlocks: 0,
    };
  }
  const survives = without(before, drop.mask);
  const updated = extractBlocks(...arrangement(options, before, survives, numDropped));
  const after = updated.toMask();
  const dropped = without(before, after);
  const grown = without(after, before);
  const { values, changedBlocks } = gatherSurvivors(updated, weight, grown);
  return { blocks: updated.withValues(values), dropped, grown, candidates: drop.candidates, changedBlocks };
}

/** Arguments of `extractBlocks`: row order, energy, shape. */
function arrangement(
  options: UpdateTopologyOptions,
  before: Uint8Array,
  survives: Uint8Array,
  numDropped: number,
): Parameters<typeof extractBlocks> {
  const { blocks, gradient } = options;
  const { rows, columns, blockSize, numBlocks } = blocks;
  const shape = { rows, columns, blockSize, numBlocks };
  const grow = selectByMagnitude(gradient, numDropped, 'largest', complement(survives));
  const target = union(survives, grow);
  const energy = keepingWorth(options, before, survives, grow);
  const orders = [clusterOrder(target, rows, columns, blockSize), blocks.groupRows.slice(0, rows)];
  return [bestRowOrder(orders, energy, shape), energy, shape];
}

/** What keeping or growing each position is worth, [rows*columns]; see the head of this file. */
function keepingWorth(
  { blocks, weight, gradient, dropFraction }: UpdateTopologyOptions,
  before: Uint8Array,
  survives: Uint8Array,
  grow: Uint8Array,
): Float32Array {
  const weightScale = inverse(meanSquare(weight, before));
  const gradientScale = dropFraction * inverse(meanSquare(gradient, grow));
  const worth = new Float32Array(weight.length);
  for (let i = 0; i < worth.length; i++) worth[i] = gradient[i] * gradient[i] * gradientScale;
  blocks.forEachWeight((_, i) => {
    if (survives[i] === 1) worth[i] = weight[i] * weight[i] * weightScale;
  });
  return worth;
}

function meanSquare(values: Float32Array, mask: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask[i] !== 0) {
      sum += values[i] * values[i];
      count++;
    }
  }
  return sum / count;
}

/** 1/x, and 0 where there is nothing to scale. */
function inverse(x: number): number {
  return x > 0 ? 1 / x : 0;
}

/** Values of the new topology: `weight`, and 0 where grown, whatever the dense weight holds there. */
function gatherSurvivors(blocks: ShuffledBlocks, weight: Float32Array, grown: Uint8Array) {
  const values = new Float32Array(blocks.values.length);
  const changed = new Uint8Array(blocks.numBlocks);
  blocks.forEachWeight((slot, position, block) => {
    if (grown[position] === 1) changed[block] = 1;
    else values[slot] = weight[position];
  });
  return { values, changedBlocks: countOnes(changed) };
}

function checkOptions({ blocks, weight, gradient, dropFraction, dropRule }: UpdateTopologyOptions): void {
  const operation = 'updateTopology';
  const length = blocks.rows * blocks.columns;
  checkLength(operation, 'weight', weight, length);
  checkLength(operation, 'gradient', gradient, length);
  checkFinite(operation, 'weight', weight);
  checkFinite(operation, 'gradient', gradient);
  checkFraction(operation, 'dropFraction', dropFraction);
  if (dropRule !== undefined && !Object.hasOwn(dropRules, dropRule)) {
    throw new InputError(`${operation}: expected dropRule ${Object.keys(dropRules).join(' | ')}, got ${dropRule}`);
  }
}
