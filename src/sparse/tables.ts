// The index tables of a shuffled-block weight, as kernels and checkpoints see them. See docs/format.md.

import type { BlockShape } from './checks.js';

/** Fills the unused slots of `groupRows` (rows % B != 0) and `blockColumns` (columns % B != 0). */
export const PADDING = 0xffffffff;

/** The four tables with the shape they index. G = ceil(rows/B) groups. */
export interface BlockTables extends BlockShape {
  /** [G*B]: the row in each slot; PADDING in the last slots of the last group. */
  readonly groupRows: Uint32Array;
  /** [G+1]: first block of each group, and numBlocks. */
  readonly groupStart: Uint32Array;
  /** [numBlocks*B]: the column in each slot; PADDING in the last slots of a group's last block. */
  readonly blockColumns: Uint32Array;
  /** [numBlocks*B*B]: `values[(block*B + columnSlot)*B + rowSlot]`; 0 in padded slots. */
  readonly values: Float32Array;
}
