// The training loop. `run()` yields what happens; whenever it has yielded, the trainer stands between two steps, and
// its state can be saved. Everything that a step depends on is a function of the configuration, the state and the step's number.

import { batches, epochCropSeed, epochSamples, type ImageSource, takeBatch } from '../data/index.js';
import type { Device } from '../device/index.js';
import type { Module } from '../nn/index.js';
import { keep, Tensor } from '../tensor/index.js';
import { evaluatedOn } from './config/evaluated_on.js';
import type { RunConfig } from './config/run_config.js';
import { divergence, refuseEvaluation } from './divergence.js';
import { evaluate } from './evaluate.js';
import type { EpochEvent, OverflowEvent, PauseEvent, StepEvent, TrainingEvent } from './events.js';
import type { LossScale, Overflow } from './loss_scale.js';
import { type MemoryNeed, workingBytes } from './memory_need.js';
import { Metrics, type Summary } from './metrics.js';
import { microBatches } from './micro_batches.js';
import type { LearningRate } from './optim/learning_rate.js';
import type { Optimizer } from './optim/optimizer.js';
import type { WeightAverage } from './optim/weight_average.js';
import { type Position, resumedPosition } from './position.js';
import { forwardIn } from './precision.js';
import { type MeasuredStep, profileOf, type StepProfile } from './step_profile.js';
import { sparsityOf } from './summary.js';
import type { TopologyEvent, TopologyUpdates } from './topology/topology_updates.js';
import { type StepTrial, TrainingStep } from './training_step.js';

export interface TrainerParts {
  readonly device: Device;
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  /** Of the weights over steps; evaluated in their place, if there is one. */
  readonly average?: WeightAverage;
  /** Of a training in f16. */
  readonly lossScale?: LossScale;
  /** None for static and dense methods. */
  readonly topology: TopologyUpdates | undefined;
  readonly train: ImageSource;
  /** What is evaluated after each epoch: test images, or training images that were held out. */
  readonly test: ImageSource;
  readonly config: RunConfig;
}

export interface RunOptions {
  /** Steps between pauses, in which nothing is told but the trainer's state can be saved; none if not given. */
  readonly pauseEvery?: number;
  /** Whether steps are recorded once and replayed (default), or every command runs as it comes. The results are the same, bit for bit. */
  readonly record?: boolean;
  /** Steps between step events; those of the configuration if not given. */
  readonly logEvery?: number;
}

/** Steps after which the host waits for the GPU, so that it never runs far ahead. */
const MOST_STEPS_AHEAD = 32;

/** Steps of a whole run on so many images. */
export function totalStepsOf({ epochs, batchSize, maxSteps }: RunConfig, count: number): number {
  return Math.min(epochs * Math.ceil(count / batchSize), maxSteps ?? Number.POSITIVE_INFINITY);
}

export class Trainer {
  private at: Position = { step: 0, finishedEpochs: 0 };
  /** Spent in topology updates since the epoch began, or the run. */
  private updateMs = 0;
  /** Not told of yet. */
  private overflows: Overflow[] = [];
  readonly totalSteps: number;
  readonly metrics: Metrics;
  private readonly stepsPerEpoch: number;
  private readonly trainingStep: TrainingStep;
  /** u32 [2]: 1 + the step whose loss was not finite, or 0; steps done. See `guardLoss`. */
  private readonly guard: Tensor;

  constructor(readonly parts: TrainerParts) {
    const { device, config, train } = parts;
    this.stepsPerEpoch = Math.ceil(train.count / config.batchSize);
    this.totalSteps = totalStepsOf(config, train.count);
    this.metrics = new Metrics(device);
    this.guard = keep(Tensor.zeros(device, [2], 'u32'));
    this.trainingStep = new TrainingStep({ ...parts, metrics: this.metrics, guard: this.guard });
  }

  /** Steps done. */
  get step(): number {
    return this.at.step;
  }

  /** What a checkpoint holds beside the model, by its name there; names begin with `optimizer.` or `ema.`. */
  state(): [string, Tensor][] {
    const { optimizer, average, lossScale } = this.parts;
    return [...optimizer.state(), ...(lossScale?.state() ?? []), ...(average?.state() ?? [])];
  }

  get position(): Position {
    return this.at;
  }

  get isFinished(): boolean {
    return this.step >= this.totalSteps && this.at.finishedEpochs * this.stepsPerEpoch >= this.step;
  }

  /**
   * Goes on from there, with parameters, `state()` and metrics restored by the caller.
   * @throws InputError if no run of this length can stand there.
   */
  resumeAt(position: Position): void {
    this.at = resumedPosition(position, this.stepsPerEpoch, this.totalSteps);
    this.guard.write([0, position.step]);
    // What was restored may have other tables.
    this.trainingStep.forget();
  }

  /**
   * GPU memory that the run will need, before its first step: `run` then replays what was recorded for the answer.
   * @throws DeviceMemoryError if a step does not fit into what the device can bind; names a micro-batch that does, if there is one.
   */
  async planMemory(): Promise<MemoryNeed> {
    const { device, train, config } = this.parts;
    const epoch = this.at.finishedEpochs;
    const batch = batches(train.count, config.batchSize)[this.step - epoch * this.stepsPerEpoch];
    const heldBytes = device.memory().usedBytes;
    if (this.isFinished || !batch) return { heldBytes, stepBytes: 0 };
    this.enterEpoch(epoch);
    await train.ready(batch.first, batch.size);
    return { heldBytes, stepBytes: await workingBytes(this.trainingStep, this.step, batch, config.microBatch) };
  }

  /**
   * Trains a few steps of the epoch, every dispatch timed: medians over `steps` steps. A trainer that was profiled is of no further use,
   * since each step is run three times.
   * @throws InputError if the adapter has no timestamps.
   */
  async profile(steps: number): Promise<StepProfile> {
    const { train, config } = this.parts;
    this.enterEpoch(this.at.finishedEpochs);
    // Without a last batch that is smaller.
    const whole = batches(train.count, config.batchSize).filter(({ size }, _, [{ size: full }]) => size === full);
    const measured: MeasuredStep[] = [];
    for (let step = 0; step < steps; step++) {
      const batch = whole[step % whole.length];
      const start = performance.now();
      await train.ready(batch.first, batch.size);
      const dataMs = performance.now() - start;
      measured.push({ ...(await this.trainingStep.measure(step, batch)), dataMs });
    }
    return profileOf(measured);
  }

  /** The first step, to be timed: see `autotune`. A trainer whose steps were tried is of no further use. */
  async trial(): Promise<StepTrial> {
    const { train, config } = this.parts;
    const [batch] = batches(train.count, config.batchSize);
    this.enterEpoch(0);
    await train.ready(batch.first, batch.size);
    return this.trainingStep.trial(0, batch);
  }

  /**
   * Trains to the end.
   * @throws DivergenceError when a training loss is not finite; parameters are then as they were before that step. Or when that of an
   *   evaluation is not: see `refuseEvaluation`.
   */
  async *run(options: RunOptions = {}): AsyncGenerator<TrainingEvent> {
    while (!this.isFinished) {
      const epoch = this.at.finishedEpochs;
      const start = performance.now();
      this.updateMs = 0;
      yield* this.trainEpoch(epoch, options);
      await this.checkedLoss();
      yield* this.overflowEvents();
      yield await this.finishEpoch(epoch, start);
    }
  }

  private async *trainEpoch(epoch: number, options: RunOptions): AsyncGenerator<TrainingEvent> {
    const { train, topology, config } = this.parts;
    const { pauseEvery, logEvery = config.logEvery, record = true } = options;
    const lr = this.enterEpoch(epoch);
    const firstStep = epoch * this.stepsPerEpoch;
    if (this.step === firstStep) this.metrics.reset();
    let last = { step: this.step, time: performance.now() };
    for (const batch of batches(train.count, config.batchSize).slice(this.step - firstStep)) {
      if (this.step >= this.totalSteps) return;
      const { step } = this;
      await train.ready(batch.first, batch.size);
      const updates = topology?.isDue(step) ? topology : undefined;
      topology?.collect(step);
      const isLogged = (step + 1) % logEvery === 0 || step + 1 === this.totalSteps;
      const how = record ? (topology?.isCollected(step) ? 'once' : 'replay') : 'eager';
      const loss = await this.trainingStep.run(step, batch, how);
      this.at = { ...this.at, step: step + 1 };
      const value = isLogged || updates ? await this.checkedLoss(loss) : undefined;
      if (updates) yield* await this.update(updates, step);
      yield* this.overflowEvents();
      if (isLogged) {
        const ms = (performance.now() - last.time) / (this.step - last.step);
        const memoryBytes = this.parts.device.memory().heldBytes;
        yield { type: 'step', step, epoch, loss: value!, lr, ms, memoryBytes } satisfies StepEvent;
        // What the consumer does meanwhile is not training.
        last = { step: this.step, time: performance.now() };
      } else if (pauseEvery !== undefined && this.step % pauseEvery === 0) {
        await this.checkedLoss();
        yield* this.overflowEvents();
        yield { type: 'pause', step } satisfies PauseEvent;
      } else if (this.step % MOST_STEPS_AHEAD === 0) {
        await this.checkedLoss();
        yield* this.overflowEvents();
      }
    }
  }

  /** The value of `loss`. @throws DivergenceError if the loss of any step so far was not finite, or no scale can keep its gradients finite. */
  private async checkedLoss(loss?: Tensor): Promise<number> {
    const { lossScale } = this.parts;
    const [guard, value, overflows] = await Promise.all([this.guard.read(), loss?.item(), lossScale?.news() ?? []]);
    this.overflows.push(...overflows);
    if (guard[0] !== 0) throw await this.explainDivergence(guard[0] - 1);
    return value ?? Number.NaN;
  }

  private overflowEvents(): OverflowEvent[] {
    return this.overflows.splice(0).map((overflow) => ({ type: 'overflow', ...overflow }));
  }

  private async explainDivergence(step: number): Promise<Error> {
    const { device, model, train, config } = this.parts;
    const { precision = 'f32' } = config;
    const epoch = Math.floor(step / this.stepsPerEpoch);
    this.showEpoch(epoch);
    const batch = batches(train.count, config.batchSize)[step % this.stepsPerEpoch];
    await train.ready(batch.first, batch.size);
    const forwards = microBatches(batch, config.microBatch, config.seed).map(({ first, size, seed }) => () => {
      const random = Tensor.from(device, [seed, step], [2], 'u32');
      return forwardIn(precision, model, takeBatch(train, first, size).images, { training: true, random });
    });
    const overflow = this.overflows.find((overflow) => overflow.step === step);
    return divergence({ step, model, precision, forwards, overflow });
  }

  /** Returns its learning rate. */
  private enterEpoch(epoch: number): number {
    const { optimizer, learningRate } = this.parts;
    const lr = learningRate(epoch);
    optimizer.setLearningRate(lr);
    this.showEpoch(epoch);
    return lr;
  }

  private showEpoch(epoch: number): void {
    const { train, config } = this.parts;
    const { seed, shuffle } = config;
    const augmentation = config.augment === 'none' ? undefined : train.dataset.augmentation;
    const samples = epochSamples({ count: train.count, epoch, seed, shuffle, augmentation });
    train.startEpoch(samples, augmentation?.resizedCrop ? epochCropSeed(seed, epoch) : undefined);
  }

  private async finishEpoch(epoch: number, start: number): Promise<EpochEvent> {
    const { model, config } = this.parts;
    const { precision = 'f32' } = config;
    const { skipped, waitedMs } = this.parts.train;
    const train = await this.metrics.read();
    const tested = await this.evaluate();
    const { step, best } = this.at;
    const isSound = Number.isFinite(tested.loss);
    if (!isSound) await refuseEvaluation({ step: step - 1, model, precision, images: evaluatedOn(config) });
    const isBest = isSound && (best === undefined || tested.accuracy > best.testAccuracy);
    this.at = {
      step,
      finishedEpochs: epoch + 1,
      best: isBest ? { epoch, testAccuracy: tested.accuracy } : best,
    };
    return {
      type: 'epoch',
      epoch,
      step,
      trainLoss: train.loss,
      trainAccuracy: train.accuracy,
      testLoss: tested.loss,
      testAccuracy: tested.accuracy,
      testTop5: tested.top5,
      sparsity: sparsityOf(model),
      seconds: (performance.now() - start) / 1000,
      dataWaitSeconds: waitedMs / 1000,
      ...(skipped > 0 ? { skippedImages: skipped } : {}),
      updateSeconds: this.updateMs / 1000,
    };
  }

  private async update(topology: TopologyUpdates, step: number): Promise<TopologyEvent[]> {
    const start = performance.now();
    const events = await topology.apply(step);
    this.trainingStep.forget();
    this.updateMs += performance.now() - start;
    return events;
  }

  /** Of the averaged weights, if there are any. */
  private evaluate(): Promise<Summary> {
    const { device, model, average, test, config } = this.parts;
    const run = () => evaluate(device, model, test, config.microBatch ?? config.batchSize, config.precision);
    return average ? average.using(run) : run();
  }

  dispose(): void {
    const { model, optimizer, average, lossScale, topology, train, test } = this.parts;
    const own = [this.metrics, this.trainingStep, this.guard];
    for (const part of [model, optimizer, average, lossScale, topology, train, test, ...own]) part?.dispose();
    // What recorded steps computed in, and pooled buffers of sizes that another run may not need.
    this.parts.device.trim();
  }
}
