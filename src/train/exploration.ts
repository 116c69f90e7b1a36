// Which positions of a layer have ever been active, one bit each: the exploration that dynamic training lives on (Liu et al., "Do We
// Actually Need Dense Over-Parameterization? In-Time Over-Parameterization in Sparse Training", ICML 2021).

import { BlockWeight, MaskedWeight, type SparseWeight } from '../nn/index.js';
import { sizeOf } from '../tensor/index.js';

export class Exploration {
  /** Bit i % 8 of byte i / 8 belongs to position i. */
  readonly bits: Uint8Array;
  private readonly size: number;
  private seen = 0;

  constructor(weight: SparseWeight) {
    this.size = sizeOf(weight.shape);
    this.bits = new Uint8Array(Math.ceil(this.size / 8));
    this.add(weight);
  }

  /** Share of the positions that were active at any call of `add`. */
  get share(): number {
    return this.seen / this.size;
  }

  /** Notes what is active now. */
  add(weight: SparseWeight): void {
    if (weight instanceof BlockWeight) {
      weight.blocks.forEachWeight((_, position) => this.mark(position));
    } else if (weight instanceof MaskedWeight) {
      weight.mask.forEach((active, position) => {
        if (active === 1) this.mark(position);
      });
    }
  }

  /** Goes on from the bits of a checkpoint. */
  restore(bits: Uint8Array): void {
    this.bits.fill(0);
    this.seen = 0;
    for (let position = 0; position < this.size; position++) {
      if ((bits[position >> 3] >> (position & 7)) & 1) this.mark(position);
    }
  }

  private mark(position: number): void {
    const bit = 1 << (position & 7);
    if (this.bits[position >> 3] & bit) return;
    this.bits[position >> 3] |= bit;
    this.seen++;
  }
}
