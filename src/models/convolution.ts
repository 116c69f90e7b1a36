// Convolutions as AlexNet, VGG and ResNet repeat them: the border keeps the image's size but for the stride, and a BatchNorm follows.

import { BatchNorm, Conv2d, Identity, type LayerContext, type Module } from '../nn/index.js';

/** What all convolutions of one network share. */
export interface ConvContext extends LayerContext {
  /** See `ModelOptions`. */
  readonly convBias?: boolean;
}

/** @param kernel odd. */
export function convolution(
  context: ConvContext,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride = 1,
): Conv2d {
  const { convBias: bias = false } = context;
  const options = { stride, padding: Math.floor(kernel / 2), bias, feedsBatchNorm: true };
  return new Conv2d(context, inChannels, outChannels, kernel, options);
}

/** Three modules for a Sequential: the convolution, its BatchNorm, and ReLU, which the BatchNorm computes. */
export function convBnRelu(
  context: ConvContext,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride = 1,
): Module[] {
  return [
    convolution(context, inChannels, outChannels, kernel, stride),
    new BatchNorm(context, outChannels, { relu: true }),
    new Identity(),
  ];
}
