// Random shuffled-block topologies and their dense form, in plain loops.
import type { BlockTopology } from '../../src/shaders/block_conv2d/block_tables.js';
import { Random } from '../../src/tensor/random.js';

const NONE = 0xffffffff;

/**
 * A random topology of about `density`, groups holding different numbers of blocks, the first group none if there are two or
 * more. Rows that do not fill the last group are padded, and so is one slot of a group whose columns run out.
 */
export function randomTopology(
  rows: number,
  columns: number,
  blockSize: number,
  density: number,
  seed: number,
): BlockTopology {
  const random = new Random(seed);
  const groups = Math.ceil(rows / blockSize);
  const mostBlocks = Math.ceil(columns / blockSize);
  const groupRows = new Uint32Array(groups * blockSize).fill(NONE);
  groupRows.set(random.shuffle(Uint32Array.from({ length: rows }, (_, row) => row)));
  const groupStart = new Uint32Array(groups + 1);
  const blockColumns: number[] = [];
  for (let group = 0; group < groups; group++) {
    const wanted = Math.round(2 * random.uniform() * density * mostBlocks);
    const blocks = groups > 1 && group === 0 ? 0 : Math.max(1, Math.min(mostBlocks, wanted));
    const shuffled = random.shuffle(Uint32Array.from({ length: columns }, (_, column) => column));
    for (let slot = 0; slot < blocks * blockSize; slot++) blockColumns.push(slot < columns ? shuffled[slot] : NONE);
    groupStart[group + 1] = groupStart[group] + blocks;
  }
  return { rows, columns, blockSize, groupRows, groupStart, blockColumns: Uint32Array.from(blockColumns) };
}

/** Calls back for every kept weight: its place in `values` and in the dense [rows, columns] matrix. */
export function visitKept(topology: BlockTopology, each: (value: number, dense: number) => void): void {
  const { groupRows, groupStart, blockColumns, blockSize, columns } = topology;
  for (let group = 0; group + 1 < groupStart.length; group++)
    for (let slot = groupStart[group] * blockSize; slot < groupStart[group + 1] * blockSize; slot++)
      for (let r = 0; r < blockSize; r++) {
        const row = groupRows[group * blockSize + r];
        if (row !== NONE && blockColumns[slot] !== NONE) each(slot * blockSize + r, row * columns + blockColumns[slot]);
      }
}

export function toDense(topology: BlockTopology, values: ArrayLike<number>): Float64Array {
  const dense = new Float64Array(topology.rows * topology.columns);
  visitKept(topology, (value, place) => {
    dense[place] = values[value];
  });
  return dense;
}

export function toBlocks(topology: BlockTopology, dense: ArrayLike<number>): Float64Array {
  const values = new Float64Array(topology.blockColumns.length * topology.blockSize);
  visitKept(topology, (value, place) => {
    values[value] = dense[place];
  });
  return values;
}
