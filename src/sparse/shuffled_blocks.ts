// The shuffled-block weight: a matrix [rows, columns] whose rows are dealt into groups of B, and of which each group keeps
// some blocks of B columns. Tables and invariants: docs/format.md; method: Jiang, Hu, Song, NeurIPS 2022.

import { checkBlockShape, checkLength } from './checks.js';
import { tablesFromMask } from './from_mask.js';
import { type BlockTables, PADDING } from './tables.js';
import { validateTables } from './validate.js';

export class ShuffledBlocks implements BlockTables {
  readonly rows: number;
  readonly columns: number;
  readonly blockSize: number;
  readonly groupRows: Uint32Array;
  readonly groupStart: Uint32Array;
  readonly blockColumns: Uint32Array;
  readonly values: Float32Array;

  /** Takes the tables as they are, unchecked: for tables made in this room. Others come through `fromTables`. */
  constructor(tables: BlockTables) {
    this.rows = tables.rows;
    this.columns = tables.columns;
    this.blockSize = tables.blockSize;
    this.groupRows = tables.groupRows;
    this.groupStart = tables.groupStart;
    this.blockColumns = tables.blockColumns;
    this.values = tables.values;
  }

  /** Tables from outside, such as a checkpoint. Throws InputError when any invariant is violated. */
  static fromTables(tables: BlockTables): ShuffledBlocks {
    validateTables('ShuffledBlocks.fromTables', tables);
    return new ShuffledBlocks(tables);
  }

  /**
   * Lossless conversion of a mask in which rows fall into groups of identical support (masks of the original program do).
   *
   * @param mask [rows*columns], nonzero = active.
   * @param weight [rows*columns], gathered into `values`; all zeros without it.
   * @throws InputError when the mask is not shuffled-block, saying where.
   */
  static fromMask(
    mask: Uint8Array,
    rows: number,
    columns: number,
    blockSize: number,
    weight?: Float32Array,
  ): ShuffledBlocks {
    const operation = 'ShuffledBlocks.fromMask';
    const shape = { rows, columns, blockSize };
    checkBlockShape(operation, shape);
    checkLength(operation, 'mask', mask, rows * columns);
    const blocks = new ShuffledBlocks(tablesFromMask(operation, mask, shape));
    return weight === undefined ? blocks : blocks.fromDense(weight);
  }

  get numGroups(): number {
    return Math.ceil(this.rows / this.blockSize);
  }

  get numBlocks(): number {
    return this.blockColumns.length / this.blockSize;
  }

  /** Active weights, padding not counted. */
  get numNonzero(): number {
    const { blockSize, blockColumns, groupStart } = this;
    let count = 0;
    for (let group = 0; group < this.numGroups; group++) {
      const start = groupStart[group] * blockSize;
      let end = groupStart[group + 1] * blockSize;
      // Only the last columns of a group's last block can be padding.
      while (end > start && blockColumns[end - 1] === PADDING) end--;
      count += (end - start) * this.rowsInGroup(group);
    }
    return count;
  }

  /** Rows that keep no weight: units without inputs. */
  get emptyRows(): number {
    let count = 0;
    for (let group = 0; group < this.numGroups; group++) {
      if (this.groupStart[group] === this.groupStart[group + 1]) count += this.rowsInGroup(group);
    }
    return count;
  }

  /** numNonzero / (rows * columns). */
  get density(): number {
    return this.numNonzero / (this.rows * this.columns);
  }

  /** Rows that a group really holds: B, or rows % B in a padded last group. */
  rowsInGroup(group: number): number {
    return Math.min(this.blockSize, this.rows - group * this.blockSize);
  }

  /** Throws InputError naming group, slot and value of the first violated invariant. Returns itself. */
  validate(): this {
    validateTables('ShuffledBlocks', this);
    return this;
  }

  /** [rows*columns], 1 = active. */
  toMask(): Uint8Array {
    const mask = new Uint8Array(this.rows * this.columns);
    this.forEachWeight((_, position) => {
      mask[position] = 1;
    });
    return mask;
  }

  /** The same topology with its values gathered from `weight` [rows*columns]. */
  fromDense(weight: Float32Array): ShuffledBlocks {
    checkLength('ShuffledBlocks.fromDense', 'weight', weight, this.rows * this.columns);
    const values = new Float32Array(this.numBlocks * this.blockSize * this.blockSize);
    this.forEachWeight((slot, position) => {
      values[slot] = weight[position];
    });
    return this.withValues(values);
  }

  /** [rows*columns], zeros where pruned. */
  toDense(): Float32Array {
    const weight = new Float32Array(this.rows * this.columns);
    this.forEachWeight((slot, position) => {
      weight[position] = this.values[slot];
    });
    return weight;
  }

  /** The same topology, tables shared, with other values [numBlocks*B*B]. */
  withValues(values: Float32Array): ShuffledBlocks {
    checkLength('ShuffledBlocks.withValues', 'values', values, this.blockColumns.length * this.blockSize);
    return new ShuffledBlocks({
      rows: this.rows,
      columns: this.columns,
      blockSize: this.blockSize,
      groupRows: this.groupRows,
      groupStart: this.groupStart,
      blockColumns: this.blockColumns,
      values,
    });
  }

  /** Visits every real weight: its slot in `values`, its position in the dense matrix, its block. */
  forEachWeight(visit: (slot: number, position: number, block: number) => void): void {
    const { blockSize, columns, groupRows } = this;
    this.forEachColumn((columnSlot, group, column, block) => {
      const rowCount = this.rowsInGroup(group);
      for (let rowSlot = 0; rowSlot < rowCount; rowSlot++) {
        visit(columnSlot * blockSize + rowSlot, groupRows[group * blockSize + rowSlot] * columns + column, block);
      }
    });
  }

  /** Visits every real column slot (its index in `blockColumns`) with its group, column and block. */
  private forEachColumn(visit: (columnSlot: number, group: number, column: number, block: number) => void): void {
    const { blockSize, blockColumns, groupStart } = this;
    for (let group = 0; group < this.numGroups; group++) {
      for (let block = groupStart[group]; block < groupStart[group + 1]; block++) {
        for (let columnSlot = block * blockSize; columnSlot < (block + 1) * blockSize; columnSlot++) {
          if (blockColumns[columnSlot] !== PADDING) visit(columnSlot, group, blockColumns[columnSlot], block);
        }
      }
    }
  }
}
