// Watches what the parts of a model put out, without a word in the parts themselves.

import type { Tensor } from '../tensor/index.js';
import type { Module } from './module.js';

/** Runs `body`; each part of the model that it runs forward is reported with its full name, output and inputs as it finishes. */
export function watchOutputs<T>(
  model: Module,
  onOutput: (name: string, output: Tensor, part: Module, input: Tensor, more: readonly Tensor[]) => void,
  body: () => T,
): T {
  const parts = [...model.modules()];
  for (const [name, part] of parts) {
    const forward = part.forward.bind(part);
    part.forward = (x, mode, ...more) => {
      const output = forward(x, mode, ...more);
      onOutput(name, output, part, x, more);
      return output;
    };
  }
  try {
    return body();
  } finally {
    // The method of the class shows again.
    for (const [, part] of parts) delete (part as { forward?: unknown }).forward;
  }
}
