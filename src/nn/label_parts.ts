// Says of every dispatch which part of a model it belongs to, for profiles.

import type { Module } from './module.js';
import { wrapForwards } from './wrap_forwards.js';

/** Runs `body`; what the parts of the model record in it bears their full names, also in the backward pass that follows. */
export function labelParts<T>(model: Module, body: () => T): T {
  return wrapForwards(
    model,
    (name, _, forward) => {
      if (name === '') return undefined;
      const label = { part: name, pass: 'forward' } as const;
      return (x, mode, ...more) => x.device.labelled(label, () => forward(x, mode, ...more));
    },
    body,
  );
}
