// A parameter that the model does not know of would never be trained nor saved, without a word.

import { parametersOf } from '../autograd/index.js';
import type { Module } from '../nn/index.js';
import { formatShape, type Tensor } from '../tensor/index.js';

/** @throws if `loss` depends on a parameter that is none of the model's. */
export function refuseUnknownParameters(model: Module, loss: Tensor): void {
  const known = new Set([...model.parameters()].map(([, parameter]) => parameter));
  const unknown = parametersOf(loss).find((parameter) => !known.has(parameter));
  if (!unknown) return;
  throw new Error(
    `${model.constructor.name}: expected every parameter that forward uses among parameters(), got one of ${formatShape(unknown.shape)} ` +
      'that is not: let a property of a module hold it, or the module that it belongs to (alone or in an array; not #private)',
  );
}
