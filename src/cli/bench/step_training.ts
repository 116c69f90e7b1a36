// One training whose steps are timed: the real trainer, some steps at a time, so that what it overlaps still overlaps. Of a dynamic
// method every other group of steps ends in a topology update.

import type { Device } from '../../device/index.js';
import { createTrainer, methodNamed, type RunConfig, type Trainer, type TrainingEvent } from '../../train/index.js';
import { randomDataset } from './random_images.js';
import type { StepVariant } from './step_variants.js';
import type { Measurement } from './timing.js';

/** Ends neither by its epochs nor by the schedule of its updates before it has been timed. */
const STEPS = 8192;
/** Batches of random images. */
const BATCHES_HELD = 2;

/** A training on random images, some batches of which are held. */
export function trainerOfVariant(device: Device, { config, info }: StepVariant): Promise<Trainer> {
  const held = BATCHES_HELD * config.batchSize;
  return createTrainer(device, config, randomDataset(info, STEPS * config.batchSize, held));
}

export class StepTraining {
  private constructor(
    private readonly trainer: Trainer,
    private readonly events: AsyncGenerator<TrainingEvent>,
    private readonly isDynamic: boolean,
  ) {}

  /** @param steps of a measurement; `record`: whether they are recorded and replayed. */
  static async begin(
    device: Device,
    { config, info }: StepVariant,
    { steps, record }: { steps: number; record: boolean },
  ): Promise<StepTraining> {
    const own: RunConfig = { ...config, updateInterval: 2 * steps, epochs: 1, logEvery: STEPS, shuffle: false };
    const trainer = await trainerOfVariant(device, { config: own, info });
    const isDynamic = methodNamed(config.method).growth !== undefined;
    return new StepTraining(trainer, trainer.run({ pauseEvery: steps, record }), isDynamic);
  }

  /** Milliseconds of the next group of steps, to the end of its work on the GPU. */
  private readonly next: Measurement = async () => {
    const start = performance.now();
    for (;;) {
      const { value } = await this.events.next();
      if (value === undefined) throw new Error(`bench step: the training ended before step ${this.trainer.step + 1}`);
      if (value.type === 'pause') return performance.now() - start;
    }
  };

  /** In the order in which a round must take them: groups of steps without an update and, of a dynamic method, with one. */
  get measurements(): Measurement[] {
    return this.isDynamic ? [this.next, this.next] : [this.next];
  }

  /** Until everything is compiled and allocated that `measurements` need. */
  async warmUp(): Promise<void> {
    for (const measure of this.measurements) await measure();
    while (this.trainer.step < 2) await this.next();
  }

  dispose(): void {
    this.trainer.dispose();
  }
}
