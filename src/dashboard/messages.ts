// What the dashboard's server tells its page, as JSON. The page asks again and again (GET), and says what it has.

import type { RunConfig } from '../train/index.js';

/** `api/runs`. */
export interface RunsReply {
  /** The folder, for people. */
  readonly folder: string;
  /** Live ones first, then those changed last. */
  readonly runs: readonly RunEntry[];
  /** Runs beyond the first `runs.length`, which are not shown. */
  readonly left: number;
}

export interface RunEntry {
  /** Of its folder. */
  readonly name: string;
  /** What config.json says; none where `problem` says why. */
  readonly config?: RunConfig;
  readonly problem?: string;
  /** A living process has the run. */
  readonly isLive: boolean;
  /** When its metrics were last written, in milliseconds since 1970; 0 where there are none. */
  readonly changed: number;
  readonly metricsBytes: number;
  /** Changes whenever checkpoint-last does; none where there is no checkpoint. */
  readonly checkpoint?: string;
}

/** Points of each curve that a page has. */
export interface HistorySize {
  readonly steps: number;
  readonly epochs: number;
  readonly updates: number;
}

export type Columns<Name extends string> = Readonly<Record<Name, readonly (number | null)[]>>;
/** A point stands for one or more step lines; null where they say nothing. */
export type StepColumns = Columns<
  'step' | 'firstStep' | 'loss' | 'leastLoss' | 'mostLoss' | 'learningRate' | 'ms' | 'memoryBytes'
>;
export type EpochColumns = Columns<
  | 'step'
  | 'epoch'
  | 'trainLoss'
  | 'trainAccuracy'
  | 'testLoss'
  | 'testAccuracy'
  | 'bestAccuracy'
  | 'sparsity'
  | 'seconds'
>;
/** `moved`: share of the active weights that an update replaced; `tried`: share of all weights that have ever been active. */
export type UpdateColumns = Columns<'step' | 'moved' | 'tried' | 'ms'>;

/** Where the last line stands. */
export interface RunPosition {
  /** Steps done. */
  readonly step?: number;
  /** The last that was finished, counted from 0. */
  readonly epoch?: number;
}

/** `api/history?run=NAME&edition=E&steps=N&epochs=N&updates=N`: the page has so many points of that edition. */
export interface HistoryReply {
  /** Of another edition, these are all points: earlier ones have changed. */
  readonly edition: number;
  /** The first of the points below. */
  readonly begin: HistorySize;
  readonly steps: StepColumns;
  readonly epochs: EpochColumns;
  readonly updates: UpdateColumns;
  readonly position: RunPosition;
  /** Lines that these points stand for. */
  readonly lines: number;
  /** Lines that are none of ours. */
  readonly damagedLines: number;
  /** Of the file, not read yet: ask again. */
  readonly bytesLeft: number;
}

/** `api/layers?run=NAME`: what checkpoint-last holds. */
export interface LayersReply {
  readonly checkpoint: string;
  /** Steps done. */
  readonly step: number;
  readonly layers: readonly LayerEntry[];
}

export interface LayerEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** For people: `dense`, `mask`, `12 blocks of 16`. */
  readonly pattern: string;
  /** Weights that are not pruned. */
  readonly active: number;
  readonly size: number;
}

// `api/weight?run=NAME&layer=LAYER` answers with a safetensors file: the tensors of that layer's weight as the checkpoint holds them, and
// its metadata `step` and `shape`.

/** With a status from 400 on. */
export interface ErrorReply {
  readonly error: string;
}
