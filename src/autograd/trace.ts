// Watches a forward pass, operation by operation, whether or not a gradient depends on it: what an exported graph is made of.

import type { Tensor } from '../tensor/index.js';

/** What was computed from what. */
export interface TracedOperation {
  /** Name of the function, for example `maxPool2d`. */
  readonly operation: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What the inputs do not tell: the function's options. */
  readonly attributes: object;
}

/** An operation with options; one without is its name alone. */
export interface Operation {
  readonly name: string;
  readonly attributes: object;
}

let listener: ((traced: TracedOperation) => void) | undefined;

/** Runs `body`; every operation in it is reported as it finishes. */
export function traceOperations<T>(onOperation: (traced: TracedOperation) => void, body: () => T): T {
  const before = listener;
  listener = onOperation;
  try {
    return body();
  } finally {
    listener = before;
  }
}

/** Called for every operation, by `record`. */
export function reportOperation(operation: string | Operation, output: Tensor, inputs: readonly Tensor[]): void {
  if (!listener) return;
  const { name, attributes } = typeof operation === 'string' ? { name: operation, attributes: {} } : operation;
  listener({ operation: name, inputs, output, attributes });
}
