// Looks in on the parts of a model while they run, without a word in the parts themselves.

import type { Module } from './module.js';

type Forward = Module['forward'];

/**
 * Runs `body` with another `forward` in the place of each part's.
 * @param wrap given a part's full name, the part and its own `forward`; undefined leaves that part alone.
 */
export function wrapForwards<T>(
  model: Module,
  wrap: (name: string, part: Module, forward: Forward) => Forward | undefined,
  body: () => T,
): T {
  const parts = [...model.modules()];
  for (const [name, part] of parts) {
    const wrapped = wrap(name, part, part.forward.bind(part));
    if (wrapped) part.forward = wrapped;
  }
  try {
    return body();
  } finally {
    // The method of the class shows again.
    for (const [, part] of parts) delete (part as { forward?: unknown }).forward;
  }
}
