// The GPU device of this worker, opened again when it is lost.

import { AdapterError, type Device, DeviceLostError, InputError, openDevice } from '../../src/device/index.js';
import type { Tell } from '../messages.js';

/** A GPU that is lost again so soon is not worth another try. */
const LEAST_MS_BETWEEN_LOSSES = 10_000;

export class Gpu {
  private current: Device | undefined;
  private lossTime = Number.NEGATIVE_INFINITY;

  constructor(private readonly tell: Tell) {}

  get isOpen(): boolean {
    return this.current !== undefined;
  }

  /** @throws InputError if none is open. */
  get device(): Device {
    if (!this.current) throw new InputError('there is no GPU to train on');
    return this.current;
  }

  /** Tells the page what was opened, or why nothing could be. */
  async open(): Promise<void> {
    try {
      this.current = await openDevice({ warn: () => {} });
      const { description, isSoftware, features } = this.current.info;
      this.tell({ type: 'device', device: { description, isSoftware, features } });
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      this.tell({ type: 'no device', reason: error.message });
    }
  }

  /** Opens it again after its loss. Nothing of the former device may be used any more. @throws `error` if it is another, or the second in a row. */
  async reopenAfter(error: unknown): Promise<void> {
    const isFirst = performance.now() - this.lossTime > LEAST_MS_BETWEEN_LOSSES;
    if (!(error instanceof DeviceLostError) || !isFirst) throw error;
    this.lossTime = performance.now();
    this.current?.destroy();
    this.current = undefined;
    await this.open();
  }
}
