// The tables of a shuffled-block weight on the GPU: those of docs/format.md, and orders derived from them for each pass.
// A topology update rewrites their contents; sizes stay, so that recorded steps stay valid.

import type { Device } from '../../device/index.js';
import { keep, Tensor } from '../../tensor/index.js';

/** What the kernels need of a `ShuffledBlocks` (src/sparse). It must have passed `validate()`. */
export interface BlockTopology {
  /** Output channels O. */
  readonly rows: number;
  /** K = I * taps. */
  readonly columns: number;
  readonly blockSize: number;
  readonly groupRows: Uint32Array;
  readonly groupStart: Uint32Array;
  readonly blockColumns: Uint32Array;
}

/** Most slots of one workgroup of the weight gradient. */
export const TILE_SLOTS = 64;

/** Of taps: even or odd in y, and in x. With a stride of 2, an input pixel meets those of one phase only. */
const PHASES = 4;

const NONE = 0xffffffff;

function phaseOf(tap: number, kernelWidth: number): number {
  return (Math.floor(tap / kernelWidth) % 2) * 2 + ((tap % kernelWidth) % 2);
}

export class BlockTables {
  readonly rows: number;
  readonly columns: number;
  readonly blockSize: number;
  readonly numBlocks: number;
  readonly numGroups: number;
  /** The format itself. */
  readonly groupRows: Tensor;
  readonly groupStart: Tensor;
  readonly blockColumns: Tensor;
  /** Groups by descending number of blocks, so that the longest start first. */
  readonly groupOrder: Tensor;
  /** Forward: the (channel, slot) pairs of each (group, tap) run; where they start, where they end, and `groupOrder` in one table. */
  readonly runs: Tensor;
  readonly runColumns: Tensor;
  /** Gradient of the input: the (tap, slot) pairs of each (input channel, phase); the phase is whether y and x of the tap are odd. */
  readonly channelStart: Tensor;
  readonly channelColumns: Tensor;
  /** Gradient of the weight: (group, first slot, slots, 0) for each tile. */
  readonly tiles: Tensor;
  readonly numTiles: number;

  /** Kernel height times width. */
  readonly taps: number;

  /** @param kernel height and width; 1 for a linear layer. */
  constructor(
    private readonly device: Device,
    topology: BlockTopology,
    readonly kernel: readonly [number, number] = [1, 1],
  ) {
    const taps = kernel[0] * kernel[1];
    const { rows, columns, blockSize, groupRows, groupStart, blockColumns } = topology;
    if (columns % taps !== 0)
      throw new Error(`BlockTables: expected columns divisible by ${taps} taps, got ${columns}`);
    this.taps = taps;
    this.rows = rows;
    this.columns = columns;
    this.blockSize = blockSize;
    this.numGroups = groupStart.length - 1;
    this.numBlocks = blockColumns.length / blockSize;
    const slots = blockColumns.length;
    this.groupRows = this.table(groupRows.length);
    this.groupStart = this.table(groupStart.length);
    this.blockColumns = this.table(slots);
    this.groupOrder = this.table(this.numGroups);
    this.runs = this.table(this.numGroups * (taps + 1) + 1);
    this.runColumns = this.table(slots * 2);
    this.channelStart = this.table((columns / taps) * PHASES + 1);
    this.channelColumns = this.table(slots * 2);
    this.numTiles = Math.floor(slots / TILE_SLOTS) + this.numGroups;
    this.tiles = this.table(this.numTiles * 4);
    this.write(topology);
  }

  /** Replaces the contents by those of another topology of the same layer. */
  write(topology: BlockTopology): void {
    const { groupRows, groupStart, blockColumns, blockSize } = topology;
    if (
      topology.rows !== this.rows ||
      topology.columns !== this.columns ||
      blockSize !== this.blockSize ||
      blockColumns.length !== this.blockColumns.size
    ) {
      throw new Error(
        `BlockTables: expected ${this.numBlocks} blocks of ${this.blockSize} for ${this.rows}x${this.columns}, ` +
          `got ${blockColumns.length / blockSize} of ${blockSize} for ${topology.rows}x${topology.columns}`,
      );
    }
    this.groupRows.write(groupRows);
    this.groupStart.write(groupStart);
    this.blockColumns.write(blockColumns);
    const blocksOf = (group: number) => groupStart[group + 1] - groupStart[group];
    const order = Array.from({ length: this.numGroups }, (_, group) => group);
    order.sort((a, b) => blocksOf(b) - blocksOf(a) || a - b);
    this.groupOrder.write(order);
    this.writeRuns(topology, order);
    this.writeChannels(topology);
    this.writeTiles(topology);
  }

  dispose(): void {
    for (const value of Object.values(this)) if (value instanceof Tensor) value.dispose();
  }

  private writeRuns({ groupStart, blockColumns, blockSize }: BlockTopology, order: readonly number[]): void {
    const runs = new Uint32Array(this.runs.size);
    const columns = new Uint32Array(this.runColumns.size);
    const slotOf = new Uint32Array(this.columns);
    let filled = 0;
    for (let group = 0; group < this.numGroups; group++) {
      slotOf.fill(NONE);
      for (let slot = groupStart[group] * blockSize; slot < groupStart[group + 1] * blockSize; slot++) {
        if (blockColumns[slot] !== NONE) slotOf[blockColumns[slot]] = slot;
      }
      for (let tap = 0; tap < this.taps; tap++) {
        runs[group * this.taps + tap] = filled;
        for (let column = tap, channel = 0; column < this.columns; column += this.taps, channel++) {
          if (slotOf[column] === NONE) continue;
          columns[filled * 2] = channel;
          columns[filled * 2 + 1] = slotOf[column];
          filled++;
        }
      }
    }
    runs[this.numGroups * this.taps] = filled;
    runs.set(order, this.numGroups * this.taps + 1);
    this.runs.write(runs);
    this.runColumns.write(columns);
  }

  private writeChannels({ blockColumns }: BlockTopology): void {
    const lists = this.channelStart.size - 1;
    const starts = new Uint32Array(lists + 1);
    const phases = Array.from({ length: this.taps }, (_, tap) => phaseOf(tap, this.kernel[1]));
    const listOf = (column: number) => Math.floor(column / this.taps) * PHASES + phases[column % this.taps];
    for (const column of blockColumns) if (column !== NONE) starts[listOf(column) + 1]++;
    for (let list = 0; list < lists; list++) starts[list + 1] += starts[list];
    const next = starts.slice();
    const entries = new Uint32Array(this.channelColumns.size);
    for (let slot = 0; slot < blockColumns.length; slot++) {
      if (blockColumns[slot] === NONE) continue;
      const entry = next[listOf(blockColumns[slot])]++;
      entries[entry * 2] = blockColumns[slot] % this.taps;
      entries[entry * 2 + 1] = slot;
    }
    this.channelStart.write(starts);
    this.channelColumns.write(entries);
  }

  private writeTiles({ groupStart, blockSize }: BlockTopology): void {
    const tiles = new Uint32Array(this.tiles.size);
    let filled = 0;
    for (let group = 0; group < this.numGroups; group++) {
      const end = groupStart[group + 1] * blockSize;
      for (let slot = groupStart[group] * blockSize; slot < end; slot += TILE_SLOTS) {
        tiles.set([group, slot, Math.min(TILE_SLOTS, end - slot), 0], filled++ * 4);
      }
    }
    this.tiles.write(tiles);
  }

  private table(size: number): Tensor {
    return keep(Tensor.empty(this.device, [size], 'u32'));
  }
}
