// One training step: forward, backward, update. Recorded once for each size of its parts, then replayed, since what differs from
// step to step (images, random seeds, learning rate, step number) is in GPU buffers that are written before.

import { backward, noGrad, recomputing } from '../autograd/index.js';
import { type BatchRange, freeBatch, type ImageSource, type UploadedBatch } from '../data/index.js';
import type { Device, Recording, TimedDispatch } from '../device/index.js';
import { labelParts, type Module } from '../nn/index.js';
import { add, crossEntropy, guardLoss, scale } from '../shaders/index.js';
import { keep, scope, Tensor } from '../tensor/index.js';
import type { RunConfig } from './config/run_config.js';
import { refuseUnknownParameters } from './known_parameters.js';
import type { LossScale } from './loss_scale.js';
import type { Metrics } from './metrics.js';
import { type MicroBatch, microBatches } from './micro_batches.js';
import type { Optimizer } from './optim/optimizer.js';
import type { WeightAverage } from './optim/weight_average.js';
import { forwardIn } from './precision.js';

export interface StepParts {
  readonly device: Device;
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly average?: WeightAverage;
  /** Where the precision needs one. */
  readonly lossScale?: LossScale;
  readonly train: ImageSource;
  readonly config: RunConfig;
  readonly metrics: Metrics;
  /** See `guardLoss`. */
  readonly guard: Tensor;
}

/** What the commands for one part of a batch read. */
interface Input {
  readonly batch: UploadedBatch;
  /** u32 [2]: seed and step, for dropout. */
  readonly random: Tensor;
  /** Of the batch's images. */
  readonly share: number;
}

interface RecordedStep {
  readonly inputs: readonly Input[];
  readonly recording: Recording;
  readonly loss: Tensor;
}

/** Of a step that is run only to see how long its dispatches take. */
export interface StepTrial {
  time(): Promise<TimedDispatch[]>;
  dispose(): void;
}

export class TrainingStep {
  /** By the sizes of the parts. */
  private readonly recorded = new Map<string, RecordedStep>();
  /** Of the last step, if it was not a replay. */
  private passing: { readonly inputs: readonly Input[]; readonly loss: Tensor } | undefined;

  constructor(private readonly parts: StepParts) {}

  /**
   * Encodes the step.
   * @param how `eager` runs every command as it comes; `once` records, since the step does more than others; default: `replay`.
   * @returns its loss, good until the next step.
   */
  async run(step: number, batch: BatchRange, how: 'replay' | 'once' | 'eager' = 'replay'): Promise<Tensor> {
    const { device, config } = this.parts;
    this.forgetPassing();
    const parts = microBatches(batch, config.microBatch, config.seed);
    const key = keyOf(parts);
    const known = this.recorded.get(key);
    const inputs = parts.map((part, i) => this.upload(part, step, known?.inputs[i]));
    const isKnown = known !== undefined && inputs.every((input, i) => input === known.inputs[i]);
    if (isKnown && how === 'replay') {
      device.replay(known.recording);
      return known.loss;
    }
    const own = inputs.filter((input, i) => input !== known?.inputs[i]);
    if (how === 'eager') {
      const loss = keep(this.commands(inputs));
      this.passing = { inputs: own, loss };
      return loss;
    }
    const { recording, loss } = this.record(inputs);
    await device.prepare(recording);
    device.replay(recording);
    if (how === 'replay' && isWhole(inputs, parts)) this.recorded.set(key, { inputs, recording, loss });
    else this.passing = { inputs: own, loss };
    return loss;
  }

  /**
   * Records the step without running it; the next `run` of such a step replays it.
   * @param microBatch instead of the configuration's, only to try: nothing is kept then.
   * @returns bytes of GPU memory that it works in, beside parameters, state and images.
   * @throws DeviceMemoryError if one of its tensors is larger than the device can bind.
   */
  async plan(step: number, batch: BatchRange, microBatch?: number): Promise<number> {
    const { device, config } = this.parts;
    const parts = microBatches(batch, microBatch ?? config.microBatch, config.seed);
    const inputs = parts.map((part) => this.upload(part, step, undefined));
    try {
      const { recording, loss } = this.record(inputs);
      const bytes = device.workingBytes(recording);
      if (microBatch === undefined && isWhole(inputs, parts)) {
        await device.prepare(recording);
        this.forgetRecorded(keyOf(parts));
        this.recorded.set(keyOf(parts), { inputs, recording, loss });
      } else {
        release(inputs, loss);
      }
      return bytes;
    } catch (error) {
      release(inputs);
      throw error;
    }
  }

  /** Runs the step once, every dispatch timed and labelled by the part of the network that it belongs to. */
  async measure(step: number, batch: BatchRange): Promise<{ dispatches: TimedDispatch[]; hostMs: number }> {
    const { device, model, config } = this.parts;
    this.forgetPassing();
    const parts = microBatches(batch, config.microBatch, config.seed);
    const inputs = parts.map((part) => this.upload(part, step, undefined));
    const { recording, loss } = labelParts(model, () => this.record(inputs));
    this.passing = { inputs, loss };
    await device.prepare(recording);
    // As in training: the second replay binds nothing anew, and does not wait for the first.
    device.replay(recording);
    device.submit();
    const start = performance.now();
    device.replay(recording);
    device.submit();
    const hostMs = performance.now() - start;
    await device.finish();
    return { dispatches: await device.time(recording), hostMs };
  }

  /** The step recorded to be timed again and again, not to train with. */
  async trial(step: number, batch: BatchRange): Promise<StepTrial> {
    const { device, config } = this.parts;
    const parts = microBatches(batch, config.microBatch, config.seed);
    const inputs = parts.map((part) => this.upload(part, step, undefined));
    const { recording, loss } = this.record(inputs);
    await device.prepare(recording);
    return { time: () => device.time(recording), dispose: () => release(inputs, loss) };
  }

  /** After what changes the commands of a step: other tables, another set of layers. */
  forget(): void {
    for (const key of [...this.recorded.keys()]) this.forgetRecorded(key);
  }

  private forgetRecorded(key: string): void {
    const step = this.recorded.get(key);
    if (step) release(step.inputs, step.loss);
    this.recorded.delete(key);
  }

  dispose(): void {
    this.forget();
    this.forgetPassing();
  }

  private forgetPassing(): void {
    if (this.passing) release(this.passing.inputs, this.passing.loss);
    this.passing = undefined;
  }

  private upload(part: MicroBatch, step: number, into: Input | undefined): Input {
    const { train, device } = this.parts;
    const batch = train.upload(part.first, part.size, into?.batch);
    const isReused = into !== undefined && batch === into.batch;
    const random = isReused ? into.random : Tensor.empty(device, [2], 'u32');
    random.write([part.seed, step]);
    if (isReused) return into;
    for (const tensor of [...Object.values(batch.tensors), random]) keep(tensor);
    return { batch, random, share: part.share };
  }

  /** What the dispatches of `body` are for, in profiles, where no part of the network says so. */
  private labelled<T>(part: string, body: () => T): T {
    return this.parts.device.labelled({ part, pass: 'forward' }, body);
  }

  private record(inputs: readonly Input[]): { recording: Recording; loss: Tensor } {
    let loss: Tensor | undefined;
    const recording = this.parts.device.record(() => {
      loss = keep(this.commands(inputs));
    });
    return { recording, loss: loss! };
  }

  /** Returns the loss of the batch. */
  private commands(inputs: readonly Input[]): Tensor {
    const { optimizer, average, lossScale, guard } = this.parts;
    return scope(() => {
      const [only] = inputs;
      const loss = inputs.length === 1 ? this.accumulateGradient(only, guard) : this.accumulateGradients(inputs);
      this.labelled('(optimizer)', () => {
        const gate = lossScale?.settle(guard) ?? guard;
        optimizer.step(gate);
        average?.step(gate);
      });
      return loss;
    });
  }

  private accumulateGradients(inputs: readonly Input[]): Tensor {
    const losses = inputs.map((input) => scope(() => this.accumulateGradient(input)));
    return this.labelled('(loss)', () => {
      const loss = losses.reduce((sum, part) => noGrad(() => add(sum, part)));
      guardLoss(loss, this.parts.guard);
      return loss;
    });
  }

  /**
   * Adds the gradient of a part of a batch to that of the parameters. Returns the part's share of the batch's loss.
   * @param guard of a batch in one part: set before the backward pass, so that updates need not wait for its end (see `reorder`).
   */
  private accumulateGradient({ batch, random, share }: Input, guard?: Tensor): Tensor {
    const { model, train, config, metrics, lossScale } = this.parts;
    const { precision = 'f32', recompute = false } = config;
    const { images, labels } = this.labelled('(images)', () => train.assemble(batch));
    const forward = () => forwardIn(precision, model, images, { training: true, random });
    const logits = this.labelled('(network)', () => recomputing(recompute, forward));
    return this.labelled('(loss)', () => {
      const loss = crossEntropy(logits, labels, { labelSmoothing: config.labelSmoothing });
      const shareOfLoss = share === 1 ? loss : scale(loss, share);
      if (guard) guardLoss(loss, guard);
      refuseUnknownParameters(model, loss);
      backward(shareOfLoss, lossScale?.scale);
      metrics.add(loss, logits, labels);
      return shareOfLoss;
    });
  }
}

function keyOf(parts: readonly MicroBatch[]): string {
  return parts.map(({ size }) => size).join();
}

/** Whether no damaged image was left out. */
function isWhole(inputs: readonly Input[], parts: readonly MicroBatch[]): boolean {
  return inputs.every(({ batch }, i) => batch.size === parts[i].size);
}

function release(inputs: readonly Input[], loss?: Tensor): void {
  for (const { batch, random } of inputs) {
    freeBatch(batch);
    random.dispose();
  }
  loss?.dispose();
}
