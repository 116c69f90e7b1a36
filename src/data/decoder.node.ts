// Many images decoded at once, and no more than the machine has threads for.

import { availableParallelism } from 'node:os';
import { type DecodeJob, decodeImage } from './decode.node.js';

export class Decoder {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param workers images decoded at the same time. */
  constructor(private readonly workers = availableParallelism()) {}

  /** As `decodeImage`, in its turn. */
  async decode(job: DecodeJob): Promise<Uint8Array> {
    if (this.running >= this.workers) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await decodeImage(job);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
