// Initial values of weights, in PyTorch's order [O, I, ...].

import { type Random, type Shape, sizeOf } from '../tensor/index.js';

/** Fills a weight or a bias of a layer whose weight has `weightShape`. */
export type Initializer = (shape: Shape, weightShape: Shape, random: Random) => Float32Array;

/**
 * PyTorch's default of convolutions and linear layers, weights and biases alike: uniform in +-1/sqrt(fanIn), which is Kaiming
 * uniform (He et al., ICCV 2015) with a = sqrt(5).
 */
export const kaimingUniform: Initializer = (shape, weightShape, random) => {
  const bound = 1 / Math.sqrt(sizeOf(weightShape.slice(1)));
  return Float32Array.from({ length: sizeOf(shape) }, () => (2 * random.uniform() - 1) * bound);
};

/** Kaiming normal over the outputs: standard deviation sqrt(2 / (KH * KW * O)). Convolutions of wide residual networks. */
export const kaimingNormalFanOut: Initializer = (shape, weightShape, random) => {
  const [outChannels, , ...kernel] = weightShape;
  const deviation = Math.sqrt(2 / (sizeOf(kernel) * outChannels));
  return Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation);
};

export const zeros: Initializer = (shape) => new Float32Array(sizeOf(shape));
