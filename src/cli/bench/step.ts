// `bench step`: whole training steps of networks, by each method; the topology updates of a dynamic one count as their share of a
// step, one in every T.

import type { Device } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { StepTraining } from './step_training.js';
import { hasBlocks, type StepVariant } from './step_variants.js';
import { inTurns, median, spread } from './timing.js';

/** A row of `--json`, whose names bench/peers.mjs and bench/pytorch/step.py share. */
export interface StepRow {
  readonly engine: 'shuffleblock';
  readonly adapter: string;
  readonly model: string;
  /** Of the images; height and width are equal. */
  readonly imageSize: number;
  readonly batchSize: number;
  readonly method: string;
  /** 0 for `dense`. */
  readonly sparsity: number;
  /** 0 for methods without blocks. */
  readonly blockSize: number;
  readonly precision: ActivationType;
  /** Of one step, with its share of a topology update; from medians of all rounds. */
  readonly ms: number;
  /** Half the range between the quartiles, of a step without update. */
  readonly spreadMs: number;
  /** Of a step without update. */
  readonly stepMs: number;
  /** What a topology update adds to its step, dense gradients included; 0 for static methods. */
  readonly updateMs: number;
  /** T; 0 for static methods. */
  readonly updateInterval: number;
}

/** A measurement takes steps for about this long, so that what begins and ends it is a small part of it. */
const MEASUREMENT_MS = 600;
const MOST_STEPS = 50;

export interface BenchStepsOptions {
  /** For all of it; every variant gets at least three rounds. */
  readonly seconds: number;
  /** Whether steps are recorded and replayed. Default true. */
  readonly record?: boolean;
  /** Called now and then with what is going on. */
  readonly report?: (note: string) => void;
}

/** Times the variants of one model, which take turns. @throws DeviceMemoryError where a step does not fit. */
export async function benchSteps(
  device: Device,
  variants: readonly StepVariant[],
  options: BenchStepsOptions,
): Promise<StepRow[]> {
  const { seconds, record = true, report = () => {} } = options;
  const deadline = performance.now() + seconds * 1000;
  const [{ config }] = variants;
  report(`${config.model}: compiling`);
  const steps = await stepsOfMeasurement(device, variants[0], record);
  const trainings: StepTraining[] = [];
  try {
    for (const variant of variants) {
      report(`${nameOf(variant)}: first steps`);
      const training = await StepTraining.begin(device, variant, { steps, record });
      trainings.push(training);
      await training.warmUp();
    }
    const measurements = trainings.flatMap((training) => training.measurements);
    const samples = await inTurns(measurements, {
      deadline,
      onRound: (round) => report(`${config.model}: round ${round}`),
    });
    return variants.map((variant, i) => {
      const [plain, updating] = samples.splice(0, trainings[i].measurements.length);
      return stepRow(device.info.description, variant, steps, plain, updating);
    });
  } finally {
    for (const training of trainings) training.dispose();
    device.trim();
  }
}

/** By the time of one step of this variant, after those that compile. */
async function stepsOfMeasurement(device: Device, variant: StepVariant, record: boolean): Promise<number> {
  const probe = await StepTraining.begin(device, variant, { steps: 1, record });
  try {
    await probe.warmUp();
    const [measure] = probe.measurements;
    return Math.max(1, Math.min(MOST_STEPS, Math.round(MEASUREMENT_MS / (await measure()))));
  } finally {
    probe.dispose();
  }
}

/**
 * @param steps of every sample.
 * @param plain milliseconds of groups of steps without update; `updating`: of groups that end in one, for dynamic methods.
 */
export function stepRow(
  adapter: string,
  { config, info }: StepVariant,
  steps: number,
  plain: readonly number[],
  updating?: readonly number[],
): StepRow {
  const { model, batchSize, method, sparsity, precision = 'f32' } = config;
  const stepMs = median(plain) / steps;
  const updateMs = updating ? Math.max(0, median(updating) - median(plain)) : 0;
  const updateInterval = updating ? config.updateInterval : 0;
  return {
    ...{ engine: 'shuffleblock', adapter, model, imageSize: info.height, batchSize },
    ...{ method, sparsity, blockSize: hasBlocks(method) ? config.blockSize : 0, precision },
    ms: stepMs + (updating ? updateMs / updateInterval : 0),
    ...{ spreadMs: spread(plain) / steps, stepMs, updateMs, updateInterval },
  };
}

function nameOf({ config: { model, method, sparsity, blockSize, precision = 'f32' } }: StepVariant): string {
  if (method === 'dense') return `${model}, dense, ${precision}`;
  return `${model}, ${method} at ${sparsity}${hasBlocks(method) ? `, blocks of ${blockSize}` : ''}, ${precision}`;
}
