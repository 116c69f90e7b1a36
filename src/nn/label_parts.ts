// Says of every dispatch which part of a model it belongs to, for profiles.

import type { Module } from './module.js';

/** Runs `body`; what the parts of the model record in it bears their full names, also in the backward pass that follows. */
export function labelParts<T>(model: Module, body: () => T): T {
  const parts = [...model.modules()].filter(([name]) => name !== '');
  for (const [name, part] of parts) {
    const forward = part.forward.bind(part);
    part.forward = (x, mode, ...more) =>
      x.device.labelled({ part: name, pass: 'forward' }, () => forward(x, mode, ...more));
  }
  try {
    return body();
  } finally {
    // The method of the class shows again.
    for (const [, part] of parts) delete (part as { forward?: unknown }).forward;
  }
}
