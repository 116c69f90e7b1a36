// Chooses by measurement how operations are tiled. The i-th trial is a whole training step in which every operation has its i-th
// tiling; timestamps tell the operations apart, so that a dozen recorded steps measure all of them, on real tensors and tables.

import { InputError, KernelError } from '../../device/index.js';
import { type Tiles, tileChoices } from '../../shaders/index.js';
import type { Trainer } from '../trainer.js';
import type { StepTrial } from '../training_step.js';

export interface AutotuneOptions {
  /** No trial is begun after so many seconds; what was measured until then counts. Default 60. */
  readonly seconds?: number;
  /** Times that each trial is run, in turns. Default 5. */
  readonly rounds?: number;
  /** Called before each trial is compiled and after each round. */
  readonly onProgress?: (done: number, total: number, note: string) => void;
}

/** What was measured of an operation on certain shapes. */
export interface TunedOperation {
  /** Operation, shapes, sparsity. */
  readonly key: string;
  /** The fastest tiling: the usual one, unless another is faster by more than noise. */
  readonly tiles: Tiles;
  /** Least milliseconds with it, and with the usual tiling: whatever else goes on only adds to them. */
  readonly ms: number;
  readonly usualMs: number;
}

/** A tiling must be so much faster to replace the usual one. */
const LEAST_GAIN = 0.03;

/**
 * Measures the tilings of all operations of a training step that were not measured before on this device, and uses the fastest from
 * then on.
 * @param trainer made for this alone: it is of no further use, and is left to the caller to dispose of.
 * @returns the operations that were measured; none if all were known.
 * @throws InputError if the adapter has no timestamps.
 */
export async function autotune(trainer: Trainer, options: AutotuneOptions = {}): Promise<TunedOperation[]> {
  const { seconds = 60, rounds = 5, onProgress = () => {} } = options;
  const { device } = trainer.parts;
  if (!device.has('timestamp-query')) {
    throw new InputError(`${device.info.description}: no timestamps, so tilings cannot be measured`);
  }
  const choices = tileChoices(device);
  const deadline = performance.now() + seconds * 1000;
  const trials: (StepTrial | undefined)[] = [];
  try {
    const noted = await choices.note(async () => {
      trials.push(await trainer.trial());
    });
    const tilings = new Map([...noted].filter(([key]) => !choices.has(key)));
    if (tilings.size === 0) return [];
    const wanted = Math.max(...[...tilings.values()].map(({ length }) => length));
    try {
      while (trials.length < wanted && performance.now() < deadline) {
        onProgress(trials.length, wanted + rounds, `compiling trial ${trials.length + 1} of ${wanted}`);
        for (const [key, tiles] of tilings) choices.set(key, tiles[trials.length] ?? tiles[0]);
        trials.push(await usableTrial(trainer));
      }
    } finally {
      for (const key of tilings.keys()) choices.delete(key);
    }
    const times = trials.map(() => new Map<string, number[]>());
    for (let round = 0; round < rounds; round++) {
      for (const [i, trial] of trials.entries()) if (trial) addTimes(times[i], await trial.time());
      onProgress(wanted + round + 1, wanted + rounds, `round ${round + 1} of ${rounds}`);
    }
    const tuned = [...tilings].map(([key, tiles]) => fastest(key, tiles, times));
    for (const { key, tiles } of tuned) choices.set(key, tiles);
    return tuned;
  } finally {
    for (const trial of trials) trial?.dispose();
  }
}

/** None if one of its kernels does not compile or run on this adapter, as may be where drivers have limits of their own. */
async function usableTrial(trainer: Trainer): Promise<StepTrial | undefined> {
  let trial: StepTrial | undefined;
  try {
    trial = await trainer.trial();
    await trial.time();
    return trial;
  } catch (error) {
    trial?.dispose();
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/** Adds what each operation took in one run of a trial. */
function addTimes(times: Map<string, number[]>, dispatches: Awaited<ReturnType<StepTrial['time']>>): void {
  const sums = new Map<string, number>();
  for (const { label, ms } of dispatches) {
    if (label.operation !== undefined) sums.set(label.operation, (sums.get(label.operation) ?? 0) + ms);
  }
  for (const [key, ms] of sums) times.set(key, [...(times.get(key) ?? []), ms]);
}

function fastest(key: string, tilings: readonly Tiles[], times: readonly Map<string, number[]>[]): TunedOperation {
  const measured = tilings
    .slice(0, times.length)
    .map((tiles, i) => ({ tiles, ms: Math.min(...(times[i].get(key) ?? [])) }));
  const [usual] = measured;
  const best = measured.reduce((best, one) => (one.ms < best.ms ? one : best));
  const { tiles, ms } = best.ms < usual.ms * (1 - LEAST_GAIN) ? best : usual;
  return { key, tiles, ms, usualMs: usual.ms };
}
