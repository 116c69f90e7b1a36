// Checks of what a caller of the sparse room hands in. Each message is one line: `operation: expected ..., got ...`.

import { InputError } from '../host/input_error.js';

/** Rows and columns of a weight matrix and the size of its blocks. */
export interface BlockShape {
  /** O, output channels. */
  readonly rows: number;
  /** K = I*KH*KW, in PyTorch's order. */
  readonly columns: number;
  /** B: a block is B rows of one group crossed with B columns. */
  readonly blockSize: number;
}

export const SMALLEST_BLOCK_SIZE = 4;

/** Throws unless rows and columns are positive integers and 4 <= blockSize <= columns. Fewer rows than B are padded. */
export function checkBlockShape(operation: string, { rows, columns, blockSize }: BlockShape): void {
  checkSize(operation, 'rows', rows);
  checkSize(operation, 'columns', columns);
  if (rows * columns >= 2 ** 32) {
    throw new InputError(`${operation}: expected fewer than 2^32 weights in a layer, got ${rows} x ${columns}`);
  }
  if (!Number.isInteger(blockSize) || blockSize < SMALLEST_BLOCK_SIZE) {
    throw new InputError(`${operation}: expected blockSize an integer >= ${SMALLEST_BLOCK_SIZE}, got ${blockSize}`);
  }
  if (blockSize > columns) {
    throw new InputError(
      `${operation}: expected blockSize at most the layer's ${columns} columns, got ${blockSize} (layer [${rows}, ${columns}])`,
    );
  }
}

/** Throws unless `array` holds one element for each of rows*columns positions. */
export function checkLength(operation: string, name: string, array: ArrayLike<number>, expected: number): void {
  if (array?.length !== expected) {
    throw new InputError(`${operation}: expected ${name} of length ${expected}, got ${array?.length}`);
  }
}

/** Throws, with the position, where `array` holds NaN or an infinity: neither can be ranked. */
export function checkFinite(operation: string, name: string, array: Float32Array): void {
  // One pass without branches: a sum of x*0 is NaN exactly when some x is not finite.
  let probe = 0;
  for (let i = 0; i < array.length; i++) probe += array[i] * 0;
  if (probe === 0) return;
  const at = array.findIndex((value) => !Number.isFinite(value));
  throw new InputError(`${operation}: expected finite values in ${name}, got ${array[at]} at index ${at}`);
}

/** Throws unless 0 <= sparsity < 1. */
export function checkSparsity(operation: string, sparsity: number): void {
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw new InputError(`${operation}: expected sparsity in [0, 1), got ${sparsity}`);
  }
}

/** Throws unless 0 <= fraction <= 1. */
export function checkFraction(operation: string, name: string, fraction: number): void {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new InputError(`${operation}: expected ${name} in [0, 1], got ${fraction}`);
  }
}

function checkSize(operation: string, name: string, size: number): void {
  if (!Number.isInteger(size) || size <= 0) {
    throw new InputError(`${operation}: expected ${name} a positive integer, got ${size}`);
  }
}
