// How everything here is timed: whatever is compared takes turns within every round, so that what else the machine does hits all
// alike; reported are medians, with half the range between the quartiles as their spread.

import type { Device } from '../../device/index.js';

/** Does something once and says how many milliseconds it took. */
export type Measurement = () => Promise<number>;

export interface RoundOptions {
  /** On the clock of `performance.now()`: no further round begins then, apart from the least. */
  readonly deadline: number;
  readonly leastRounds?: number;
  readonly mostRounds?: number;
  /** Called before each round, counted from 1. */
  readonly onRound?: (round: number) => void;
}

const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 25;

/** What each measurement took in each round. */
export async function inTurns(measurements: readonly Measurement[], options: RoundOptions): Promise<number[][]> {
  const { deadline, leastRounds = LEAST_ROUNDS, mostRounds = MOST_ROUNDS, onRound = () => {} } = options;
  const rounds: number[][] = measurements.map(() => []);
  for (let round = 1; round <= mostRounds; round++) {
    if (round > leastRounds && performance.now() > deadline) break;
    onRound(round);
    for (const [i, measure] of measurements.entries()) rounds[i].push(await measure());
  }
  return rounds;
}

/** A measurement repeats its work for about this long, so that waiting for the GPU is a small part of it. */
const MEASUREMENT_MS = 60;
const MOST_REPETITIONS = 1000;

/** A measurement of GPU work that `run` encodes, after a first time, in which it compiles and allocates. */
export async function repeatedly(device: Device, run: () => void): Promise<Measurement> {
  await timeOf(device, run, 1);
  const once = await timeOf(device, run, 1);
  const repetitions = Math.max(1, Math.min(MOST_REPETITIONS, Math.round(MEASUREMENT_MS / once)));
  return () => timeOf(device, run, repetitions);
}

/**
 * The same of work that can be recorded, as training steps are: what the host does for each dispatch is then a small part of it, also
 * on a GPU that is done in microseconds.
 */
export async function replayed(device: Device, run: () => void): Promise<Measurement> {
  const recording = device.record(run);
  await device.prepare(recording);
  return repeatedly(device, () => device.replay(recording));
}

/** Milliseconds of one of so many repetitions. */
async function timeOf(device: Device, run: () => void, repetitions: number): Promise<number> {
  await device.finish();
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) run();
  await device.finish();
  return (performance.now() - start) / repetitions;
}

/** Linear between neighbours; `share` in [0, 1]. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Half the range between the quartiles. */
export function spread(samples: readonly number[]): number {
  return (quantile(samples, 0.75) - quantile(samples, 0.25)) / 2;
}
