// Watches what the parts of a model put out.

import type { Tensor } from '../tensor/index.js';
import type { Module } from './module.js';
import { wrapForwards } from './wrap_forwards.js';

/** Runs `body`; each part of the model that it runs forward is reported with its full name, output and inputs as it finishes. */
export function watchOutputs<T>(
  model: Module,
  onOutput: (name: string, output: Tensor, part: Module, input: Tensor, more: readonly Tensor[]) => void,
  body: () => T,
): T {
  return wrapForwards(
    model,
    (name, part, forward) =>
      (x, mode, ...more) => {
        const output = forward(x, mode, ...more);
        onOutput(name, output, part, x, more);
        return output;
      },
    body,
  );
}
