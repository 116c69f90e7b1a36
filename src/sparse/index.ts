// Public names of the sparse room: shuffled-block tables and the CPU statements of the training method. Typed arrays in, tables
// out; no GPU.

export { extractArranged, extractRefined, isRefined } from './arrange_rows.js';
export { countBits, packBits, positionBits, unpackBits } from './bits.js';
export { blockCount } from './block_count.js';
export { type BlockShape, checkFinite, SMALLEST_BLOCK_SIZE } from './checks.js';
export { clusterOrder, clusterRows } from './cluster.js';
export { type Drop, type DropRule, type DropRuleName, dropRules } from './drop_rules.js';
export { type Distribution, type LayerDensitiesOptions, type LayerShape, layerDensities } from './erk.js';
export type { Arrangement, ExtractionShape } from './extract_blocks.js';
export { type InitialTopologyOptions, initialTopology } from './initial_topology.js';
export { type WorthScales, worthScales } from './keeping_worth.js';
export {
  growRandomly,
  initialMask,
  type MaskUpdate,
  type MaskUpdateOptions,
  updateMask,
  updateMaskRandomly,
} from './mask_updater.js';
export { countOnes } from './masks.js';
export { remapSlots, remapValues, type TopologyChange, topologyChange } from './remap.js';
export { type ScheduleShape, UpdateSchedule, type UpdateScheduleOptions } from './schedule.js';
export { ShuffledBlocks } from './shuffled_blocks.js';
export { type BlockTables, PADDING } from './tables.js';
export { proposedOrders, type TopologyUpdate, type UpdateTopologyOptions, updateTopology } from './update_topology.js';
