// One update of a shuffled-block topology: drop, grow, extract blocks again ("An update" in docs/method.md).
// The same steps run on the GPU where they touch every position of a layer: src/train/topology/block_updates.ts.

import { InputError } from '../host/input_error.js';
import { extractArranged, extractRefined, isRefined } from './arrange_rows.js';
import { checkFinite, checkFraction, checkLength } from './checks.js';
import { clusterOrder } from './cluster.js';
import { type DropRuleName, dropRules } from './drop_rules.js';
import { groupEnergies } from './extract_blocks.js';
import { intersectionSizes } from './intersections.js';
import { keepingWorth, worthScales } from './keeping_worth.js';
import { complement, countOnes, union, without } from './masks.js';
import { remapValues, topologyChange } from './remap.js';
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
  const { weight, gradient, dropFraction, dropRule = 'original' } = options;
  checkOptions(options);
  const before = options.blocks.fromDense(weight);
  const mask = before.toMask();
  const { candidates, slots: drop } = dropRules[dropRule](before, dropFraction);
  const numDropped = countOnes(drop);
  if (numDropped === 0) {
    const none = new Uint8Array(mask.length);
    return { blocks: before, dropped: none, grown: none.slice(), candidates, changedBlocks: 0 };
  }
  const survives = survivors(before, drop);
  const grow = selectByMagnitude(gradient, numDropped, 'largest', complement(survives));
  const scales = worthScales(
    before,
    gradient.filter((_, i) => grow[i] === 1),
    dropFraction,
  );
  const worth = keepingWorth(before, gradient, survives, scales);

  const common = intersectionSizes(union(survives, grow), before.rows, before.columns);
  const orders = proposedOrders(before, common);
  const arrange = (order: Uint32Array) => ({ order, energies: groupEnergies(order, worth, before) });
  const updated = isRefined(before)
    ? extractRefined(orders, worth, before)
    : extractArranged(orders.map(arrange), before);

  const { changedBlocks } = topologyChange(before, updated);
  const after = updated.toMask();
  return {
    blocks: updated.withValues(remapValues(before, updated, before.values)),
    dropped: without(mask, after),
    grown: without(after, mask),
    candidates,
    changedBlocks,
  };
}

/** Row orders to choose from: rows clustered by `common` (see `intersectionSizes`), and as they are. */
export function proposedOrders({ rows, blockSize, groupRows }: ShuffledBlocks, common: Uint32Array): Uint32Array[] {
  return [clusterOrder(common, rows, blockSize), groupRows.slice(0, rows)];
}

/** [rows*columns], 1 where a weight is active and its slot is not dropped. */
function survivors(blocks: ShuffledBlocks, drop: Uint8Array): Uint8Array {
  const mask = new Uint8Array(blocks.rows * blocks.columns);
  blocks.forEachWeight((slot, position) => {
    mask[position] = drop[slot] ^ 1;
  });
  return mask;
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
