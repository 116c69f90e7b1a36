// Floating-point operations of a model, and of the same model without pruning: what accuracy is held against in work on sparse
// training (Evci et al., "Rigging the Lottery", ICML 2020). Convolutions and linear layers count; biases, normalisation, activations
// and pooling, a few operations a value, do not.

import { noGrad } from '../autograd/index.js';
import { type Module, SparsifiableLayer, watchOutputs } from '../nn/index.js';
import { scope, sizeOf, Tensor } from '../tensor/index.js';

export interface ImageSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Of one image, forward: two operations for each weight and output position. */
export interface Flops {
  /** Of weights that are not pruned. */
  readonly active: number;
  /** Of all weights. */
  readonly dense: number;
}

/** A training step, per image, takes as many times the forward pass: the gradients of input and weight cost as much as it each. */
export const TRAINING_FACTOR = 3;

/** A multiple of four, so that the pipelines are those of the batches to come. */
const BATCH = 4;

/** By name, of each convolution and linear layer. Runs blank images through the model to learn the sizes of its outputs. */
export function layerFlops(model: Module, { channels, height, width }: ImageSize): Map<string, Flops> {
  const [[, { device }]] = model.parameters();
  const flops = new Map<string, Flops>();
  const count = (name: string, output: Tensor, part: Module) => {
    if (!(part instanceof SparsifiableLayer)) return;
    const { shape, numActive } = part.weight;
    const positions = output.size / (shape[0] * BATCH);
    flops.set(name, { active: 2 * numActive * positions, dense: 2 * sizeOf(shape) * positions });
  };
  scope(() => {
    const images = Tensor.zeros(device, [channels, height, width, BATCH]);
    const mode = { training: false, random: Tensor.zeros(device, [2], 'u32') };
    watchOutputs(model, count, () => noGrad(() => model.forward(images, mode)));
  });
  return flops;
}

/** Sum over all layers. */
export function totalFlops(layers: ReadonlyMap<string, Flops>): Flops {
  const total = { active: 0, dense: 0 };
  for (const { active, dense } of layers.values()) {
    total.active += active;
    total.dense += dense;
  }
  return total;
}
