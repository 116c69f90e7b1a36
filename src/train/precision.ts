// The precision of training. Operations compute in the type of their input, so images of f16 make a network of f16 activations and
// gradients; weights, what is summed, and the loss stay f32.

import { type Device, InputError } from '../device/index.js';
import type { Mode, Module } from '../nn/index.js';
import { cast } from '../shaders/index.js';
import type { ActivationType, Tensor } from '../tensor/index.js';

export const PRECISIONS: readonly ActivationType[] = ['f32', 'f16'];

/** @throws InputError where the adapter cannot compute in it. */
export function checkPrecision({ info }: Device, precision: ActivationType): void {
  if (precision === 'f32' || info.features.includes('shader-f16')) return;
  throw new InputError(`precision: expected f32 on an adapter without shader-f16, got f16 on ${info.description}`);
}

/** images f32 [C,H,W,N] -> logits f32 [K,N], with activations of `precision` in between. */
export function forwardIn(precision: ActivationType, model: Module, images: Tensor, mode: Mode): Tensor {
  if (precision === 'f32') return model.forward(images, mode);
  return cast(model.forward(cast(images, precision), mode), 'f32');
}
