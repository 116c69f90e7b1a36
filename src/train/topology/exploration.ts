// Which positions of a layer have ever been active, one bit each: the exploration that dynamic training lives on (Liu et al., "Do We
// Actually Need Dense Over-Parameterization? In-Time Over-Parameterization in Sparse Training", ICML 2021).

import { BlockWeight, MaskedWeight, type SparseWeight } from '../../nn/index.js';
import { countBits, positionBits } from '../../sparse/index.js';
import { sizeOf } from '../../tensor/index.js';

export class Exploration {
  /** One bit for each position: see src/sparse/bits.ts. */
  private readonly words: Uint32Array;
  private readonly size: number;
  private seen = 0;

  constructor(weight: SparseWeight) {
    this.size = sizeOf(weight.shape);
    this.words = new Uint32Array(Math.ceil(this.size / 32));
    this.add(weight);
  }

  /** Share of the positions that were active at any call of `add`. */
  get share(): number {
    return this.seen / this.size;
  }

  /** For checkpoints: bit i % 8 of byte i / 8 belongs to position i. */
  get bits(): Uint8Array {
    return new Uint8Array(this.words.buffer, 0, Math.ceil(this.size / 8));
  }

  /** Notes what is active now. */
  add(weight: SparseWeight): void {
    if (weight instanceof BlockWeight) this.mark(positionBits(weight.blocks));
    else if (weight instanceof MaskedWeight) this.mark(weight.bits);
  }

  /** Goes on from the bits of a checkpoint. */
  restore(bits: Uint8Array): void {
    this.bits.set(bits);
    this.seen = countBits(this.words);
  }

  private mark(active: Uint32Array): void {
    for (let word = 0; word < active.length; word++) this.words[word] |= active[word];
    this.seen = countBits(this.words);
  }
}
