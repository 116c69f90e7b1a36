// Loss and accuracy of many batches, summed on the GPU and read once.

import type { Device } from '../device/index.js';
import { accumulateMetrics } from '../shaders/index.js';
import { keep, Tensor } from '../tensor/index.js';

export interface Summary {
  /** Images seen. */
  readonly count: number;
  /** Mean. */
  readonly loss: number;
  /** Shares in [0, 1]. */
  readonly accuracy: number;
  readonly top5: number;
}

export class Metrics {
  /** See `accumulateMetrics`. */
  readonly lossSum: Tensor;
  readonly counts: Tensor;

  constructor(device: Device) {
    this.lossSum = keep(Tensor.zeros(device, [2]));
    this.counts = keep(Tensor.zeros(device, [3], 'u32'));
  }

  reset(): void {
    this.lossSum.write([0, 0]);
    this.counts.write([0, 0, 0]);
  }

  /** @param loss [1], mean over the batch; @param logits [classes, N]; @param labels u32 [N]. */
  add(loss: Tensor, logits: Tensor, labels: Tensor): void {
    accumulateMetrics(loss, logits, labels, this);
  }

  async read(): Promise<Summary> {
    const [lossSum, counts] = await Promise.all([this.lossSum.read(), this.counts.read()]);
    const [count, correct, top5] = counts;
    return { count, loss: (lossSum[0] - lossSum[1]) / count, accuracy: correct / count, top5: top5 / count };
  }

  /** As plain numbers, for a checkpoint in the middle of an epoch. */
  async state(): Promise<{ lossSum: number[]; counts: number[] }> {
    const [lossSum, counts] = await Promise.all([this.lossSum.read(), this.counts.read()]);
    return { lossSum: [...lossSum], counts: [...counts] };
  }

  restore({ lossSum, counts }: { lossSum: readonly number[]; counts: readonly number[] }): void {
    this.lossSum.write(lossSum);
    this.counts.write(counts);
  }

  dispose(): void {
    this.lossSum.dispose();
    this.counts.dispose();
  }
}
