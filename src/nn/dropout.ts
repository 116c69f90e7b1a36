// Dropout (Srivastava et al., JMLR 2014): in training, zeroes elements at random and scales the others up.

import { dropout } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import { type Mode, Module } from './module.js';

export class Dropout extends Module {
  /** @param stream tells the dropouts of one network apart: each draws other random numbers. */
  constructor(
    private readonly probability: number,
    private readonly stream: number,
  ) {
    super();
  }

  override forward(x: Tensor, { training, random }: Mode): Tensor {
    return training ? dropout(x, this.probability, random, this.stream) : x;
  }
}
