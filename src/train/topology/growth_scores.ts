// Growth scores: dense gradients, summed on the GPU over the steps before an update. One dense buffer a layer, and only then.

import { noGrad } from '../../autograd/index.js';
import { add, scale } from '../../shaders/index.js';
import { keep, type Tensor } from '../../tensor/index.js';

export class GrowthScores {
  private readonly sums = new Map<string, Tensor>();

  /** Adds a gradient, in `gradient`'s shape. May be called more than once a step, with parts of one batch. */
  add(layer: string, gradient: Tensor): void {
    const sum = this.sums.get(layer);
    this.put(layer, sum ? noGrad(() => add(sum, gradient)) : gradient.view(gradient.shape));
  }

  /** Multiplies what was added so far, before the gradients of the next step. */
  decay(layer: string, factor: number): void {
    const sum = this.sums.get(layer);
    if (sum && factor !== 1)
      this.put(
        layer,
        noGrad(() => scale(sum, factor)),
      );
  }

  get(layer: string): Tensor | undefined {
    return this.sums.get(layer);
  }

  /** Takes over `scores`, in place of what was there. */
  put(layer: string, scores: Tensor): void {
    this.sums.get(layer)?.dispose();
    this.sums.set(layer, keep(scores));
  }

  entries(): [string, Tensor][] {
    return [...this.sums];
  }

  clear(): void {
    for (const sum of this.sums.values()) sum.dispose();
    this.sums.clear();
  }
}
