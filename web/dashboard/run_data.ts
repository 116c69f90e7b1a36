// A run as the page knows it: its entry in the list, and its curves, which grow with every answer.

import type { HistoryReply, HistorySize, RunEntry, RunPosition } from '../../src/dashboard/messages.js';
import { RunningMedian } from '../page/median.js';
import { type Curve, EPOCH_COLUMNS, type EpochRow, RunningMean } from '../page/series.js';

type Table<Part extends 'steps' | 'epochs' | 'updates'> = Record<keyof HistoryReply[Part], number[]>;

export type RunState = 'training' | 'finished' | 'stopped';

export class RunData {
  edition = 0;
  position: RunPosition = {};
  damagedLines = 0;
  bytesLeft = 0;
  /** By column; NaN where a line says nothing. */
  steps: Partial<Table<'steps'>> = {};
  epochs: Partial<Table<'epochs'>> = {};
  updates: Partial<Table<'updates'>> = {};
  /** Of the last points so far. */
  typicalMs: Curve = { x: [], y: [] };
  private meanLoss: number[] = [];
  /** Of the list, when curves were last asked for. */
  private seen = '';

  constructor(public entry: RunEntry) {}

  get size(): HistorySize {
    const length = (table: Partial<Record<string, number[]>>) => table.step?.length ?? 0;
    return { steps: length(this.steps), epochs: length(this.epochs), updates: length(this.updates) };
  }

  /** Whether there is more to ask for than it has. */
  get isBehind(): boolean {
    return this.bytesLeft > 0 || this.seen !== versionOf(this.entry);
  }

  /** @param entry of the list, at the time of the question. */
  take(reply: HistoryReply, entry: RunEntry): void {
    const { begin, edition, position, damagedLines, bytesLeft } = reply;
    Object.assign(this, { edition, position, damagedLines, bytesLeft });
    this.seen = versionOf(entry);
    this.steps = joined(this.steps, reply.steps, begin.steps);
    this.epochs = joined(this.epochs, reply.epochs, begin.epochs);
    this.updates = joined(this.updates, reply.updates, begin.updates);
    this.meanLoss = smoothed(this.steps.loss);
    this.typicalMs = medians(this.ofSteps('ms'));
  }

  get state(): RunState {
    if (this.entry.isLive) return 'training';
    const { epochs, maxSteps } = this.entry.config ?? {};
    const { step, epoch } = this.position;
    const isLastEpoch = epochs !== undefined && epoch === epochs - 1;
    const isLastStep = maxSteps !== undefined && step !== undefined && step >= maxSteps;
    return isLastEpoch || isLastStep ? 'finished' : 'stopped';
  }

  get smoothLoss(): Curve {
    return curve(this.steps.step, this.meanLoss);
  }

  /** Single losses, or where points stand for many their extremes. */
  get losses(): Curve {
    const { step = [], firstStep = [], leastLoss = [], mostLoss = [] } = this.steps;
    const [x, y]: [number[], number[]] = [[], []];
    step.forEach((last, i) => {
      x.push(firstStep[i]);
      y.push(mostLoss[i]);
      if (last > firstStep[i]) {
        x.push(last);
        y.push(leastLoss[i]);
      }
    });
    return { x, y };
  }

  ofSteps(column: keyof HistoryReply['steps']): Curve {
    return curve(this.steps.step, this.steps[column]);
  }

  ofEpochs(column: keyof HistoryReply['epochs']): Curve {
    return curve(this.epochs.step, this.epochs[column]);
  }

  ofUpdates(column: keyof HistoryReply['updates']): Curve {
    return curve(this.updates.step, this.updates[column]);
  }

  /** Of a long run, a row may stand for several epochs: it has the number of the last one, and means. */
  get epochRows(): EpochRow[] {
    const row = (i: number) => EPOCH_COLUMNS.map((name) => [name, this.epochs[name]?.[i] ?? Number.NaN]);
    return (this.epochs.epoch ?? []).map((_, i) => Object.fromEntries(row(i)) as EpochRow);
  }

  /** By the time that a step typically takes. */
  get typicalRate(): Curve {
    const { batchSize = Number.NaN } = this.entry.config ?? {};
    const { x, y } = this.typicalMs;
    return curve(
      x,
      y.map((ms) => (1000 * batchSize) / ms),
    );
  }

  /** Milliseconds a step, as a median; NaN before the first. */
  get ms(): number {
    return this.typicalMs.y.at(-1) ?? Number.NaN;
  }

  /** As a median too. */
  get imagesPerSecond(): number {
    return this.typicalRate.y.at(-1) ?? Number.NaN;
  }

  get loss(): number {
    return this.meanLoss.at(-1) ?? Number.NaN;
  }

  get testAccuracy(): number {
    return this.epochs.testAccuracy?.at(-1) ?? Number.NaN;
  }

  get bestAccuracy(): number {
    const { bestAccuracy = [] } = this.epochs;
    return bestAccuracy.length > 0 ? Math.max(...bestAccuracy) : Number.NaN;
  }

  get sparsity(): number {
    return this.epochs.sparsity?.at(-1) ?? Number.NaN;
  }
}

function smoothed(values: readonly number[] = []): number[] {
  const mean = new RunningMean();
  return values.map((value) => mean.next(value));
}

function medians({ x, y }: Curve): Curve {
  const median = new RunningMedian();
  return { x, y: y.map((value) => median.next(value)) };
}

function versionOf({ changed, metricsBytes }: RunEntry): string {
  return `${metricsBytes} ${changed}`;
}

/** Columns with the points from `begin` on in place of what was there. */
function joined<Name extends string>(
  before: Partial<Record<Name, number[]>>,
  after: Readonly<Record<Name, readonly (number | null)[]>>,
  begin: number,
): Partial<Record<Name, number[]>> {
  const entries = (Object.entries(after) as [Name, readonly (number | null)[]][]).map(([name, values]) => {
    return [name, [...(before[name] ?? []).slice(0, begin), ...values.map((value) => value ?? Number.NaN)]];
  });
  return Object.fromEntries(entries);
}

/** Without the points that say nothing. */
function curve(x: readonly number[] = [], y: readonly number[] = []): Curve {
  const at = [...y.keys()].filter((i) => Number.isFinite(y[i]));
  return { x: at.map((i) => x[i]), y: at.map((i) => y[i]) };
}
