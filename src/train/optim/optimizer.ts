// What training asks of an optimizer: steps on the GPU, and state that checkpoints keep and topology updates move.

import type { Tensor } from '../../tensor/index.js';

/** State that belongs to single weights: tensors of the parameter's shape, in which every weight has its place. */
export interface WeightState {
  /** Those of a parameter, by its name. A topology update moves them with the weights that survive; they are 0 for grown ones. */
  slots(name: string): readonly Tensor[];
}

export interface Optimizer extends WeightState {
  setLearningRate(learningRate: number): void;
  /**
   * Changes every parameter that has a gradient, and takes the gradient away.
   * @param guard u32 [2], see `guardLoss`: nothing changes once it has tripped. None: it always steps.
   * @throws before the first `setLearningRate`.
   */
  step(guard?: Tensor): void;
  /** Everything that the next step depends on beside parameters, gradients and learning rate, by its name in checkpoints. */
  state(): [string, Tensor][];
  dispose(): void;
}
