// One training run and its history. Between two calls of `advance` the trainer stands between two steps.

import type { AnyDataset } from '../../src/data/index.js';
import type { Device } from '../../src/device/index.js';
import {
  createTrainer,
  encodeCheckpoint,
  parseCheckpoint,
  type RunConfig,
  restoreTrainer,
  type StepEvent,
  type Trainer,
  type TrainingEvent,
} from '../../src/train/index.js';
import type { Line, StepLine } from '../messages.js';
import { addLine } from './history.js';
import { Window } from './window.js';

/** What a run needs to go on later. */
export interface KeptRun {
  readonly checkpoint: Uint8Array;
  readonly history: readonly Line[];
}

export class Run {
  private events: AsyncGenerator<TrainingEvent> | undefined;
  /** Steps between the step events of `events`. */
  private logEvery = 0;
  /** Where the last call of `advance` ended. */
  private lastStep: number;

  private constructor(
    readonly trainer: Trainer,
    private readonly window: Window,
    readonly history: Line[],
  ) {
    this.lastStep = trainer.step;
  }

  /** A run at step 0. @throws InputError if configuration and data do not fit together. */
  static async begin(device: Device, config: RunConfig, dataset: AnyDataset): Promise<Run> {
    const trainer = await createTrainer(device, config, dataset);
    return new Run(trainer, new Window(trainer.metrics), []);
  }

  /** The run of a checkpoint, where it was. @param where its name, for messages. @throws InputError if it does not fit. */
  static async resume(device: Device, kept: KeptRun, dataset: AnyDataset, where: string): Promise<Run> {
    const checkpoint = parseCheckpoint(kept.checkpoint, where);
    const trainer = await createTrainer(device, checkpoint.config, dataset, { tensors: checkpoint.model, where });
    try {
      restoreTrainer(trainer, checkpoint, where);
    } catch (error) {
      trainer.dispose();
      throw error;
    }
    const window = new Window(trainer.metrics);
    await window.take();
    return new Run(trainer, window, [...kept.history]);
  }

  get config(): RunConfig {
    return this.trainer.parts.config;
  }

  get step(): number {
    return this.trainer.step;
  }

  get totalSteps(): number {
    return this.trainer.totalSteps;
  }

  get isFinished(): boolean {
    return this.trainer.isFinished;
  }

  /**
   * Trains up to the next step line or to the end of the epoch. Returns its lines, which are in the history then.
   * @param logEvery steps between step lines.
   * @throws DivergenceError, DeviceLostError
   */
  async advance(logEvery: number): Promise<Line[]> {
    const events = await this.eventsEvery(logEvery);
    const lines: Line[] = [];
    try {
      for (;;) {
        const { value: event, done } = await events.next();
        if (done) break;
        if (event.type === 'step') lines.push(await this.withCosts(event));
        else if (event.type !== 'pause' && event.type !== 'overflow') lines.push(event);
        if (event.type !== 'topology' && event.type !== 'overflow') break;
      }
    } catch (error) {
      this.events = undefined; // A generator that has thrown is at its end.
      throw error;
    }
    this.lastStep = this.step;
    for (const line of lines) addLine(this.history, line);
    return lines;
  }

  async keep(): Promise<KeptRun> {
    return { checkpoint: await encodeCheckpoint(this.trainer), history: [...this.history] };
  }

  dispose(): void {
    this.trainer.dispose();
  }

  private async eventsEvery(logEvery: number): Promise<AsyncGenerator<TrainingEvent>> {
    if (this.events === undefined || this.logEvery !== logEvery) {
      await this.events?.return(undefined);
      this.logEvery = logEvery;
      this.events = this.trainer.run({ logEvery });
    }
    return this.events;
  }

  private async withCosts(event: StepEvent): Promise<StepLine> {
    const { count, accuracy } = await this.window.take();
    const durationMs = event.ms * (this.step - this.lastStep);
    return { ...event, accuracy, imagesPerSecond: (1000 * count) / durationMs };
  }
}
