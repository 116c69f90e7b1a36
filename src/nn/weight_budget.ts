// How many weights a network may have at most. A file of a few bytes can name a network of any size: it is refused before that is made.

import { InputError } from '../device/index.js';

export class WeightBudget {
  private left: number;

  /** @param most weights of all layers together. @param where the file that names the network, for messages. */
  constructor(
    private readonly most: number,
    private readonly where: string,
  ) {
    this.left = most;
  }

  /** @throws InputError if that is more than is left. */
  take(count: number): void {
    this.left -= count;
    if (this.left >= 0) return;
    throw new InputError(
      `${this.where}: expected a network of at most ${this.most} weights for the tensors that it holds, got a larger one`,
    );
  }
}
