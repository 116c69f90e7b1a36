// The training step that engines are compared by: lenet5 of src/models (LeCun et al. 1998, as Caffe has it) on 64 digits of 28x28, softmax
// cross-entropy, SGD with momentum. Same parameters and images for all.

import { values } from './values.mjs';

export const BATCH = 64;
export const SIZE = 28;
export const CLASSES = 10;
export const LEARNING_RATE = 0.01;
export const MOMENTUM = 0.9;
/** Steps whose losses must be the same. */
export const CHECKED_STEPS = 4;

/** In PyTorch's order: [O,I,KH,KW] and [O,I]. */
const WEIGHTS = { conv1: [20, 1, 5, 5], conv2: [50, 20, 5, 5], fc3: [500, 800], fc4: [10, 500] };

/** [name, shape, values] of every parameter, weights and biases in turn. */
export function parameters() {
  return Object.entries(WEIGHTS).flatMap(([layer, shape]) => {
    const inputs = shape.slice(1).reduce((a, b) => a * b);
    const scale = Math.sqrt(12 / inputs); // of values in [-0.5, 0.5): variance 1 / inputs
    return [
      [`${layer}.weight`, shape, values(layer, shape).map((value) => value * scale)],
      [`${layer}.bias`, [shape[0]], new Float32Array(shape[0])],
    ];
  });
}

/** [N,1,H,W] as bytes; pixels are in [0, 1]. */
export function imageBytes() {
  return Uint8Array.from(values('images', [BATCH, 1, SIZE, SIZE]), (value) => Math.floor(256 * (value + 0.5)));
}

export function pixels() {
  return Float32Array.from(imageBytes(), (byte) => byte / 255);
}

export function labels() {
  return Uint8Array.from({ length: BATCH }, (_, i) => (7 * i) % CLASSES);
}

/** [N, classes], 1 where the label is. */
export function oneHot() {
  const hot = new Float32Array(BATCH * CLASSES);
  for (const [i, label] of labels().entries()) hot[i * CLASSES + label] = 1;
  return hot;
}
