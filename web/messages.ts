// What the page and its worker say to each other. The worker owns GPU, data and training; the page asks, and shows what it is told.

import type { EpochEvent, RunConfig, StepEvent, TopologyEvent } from '../src/train/index.js';

/** The run that the visitor set up, and beside it, if asked for, one with the same settings that prunes nothing. */
export type RunName = 'main' | 'twin';

export type Request =
  /** First. @param base the page's address. */
  | { readonly type: 'open'; readonly base: string }
  /** A new run at step 0, in the place of the present one. */
  | { readonly type: 'prepare'; readonly config: RunConfig }
  | { readonly type: 'run' | 'pause' | 'step' | 'discard' };

/** A step line with what it costs. */
export interface StepLine extends StepEvent {
  /** Share of the images since the last such line that were told rightly, before the update that their batch made. */
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  /** GPU memory in use, of all runs together. */
  readonly memoryBytes: number;
}

/** A line of a run's history: as in metrics.jsonl, and a little more. */
export type Line = StepLine | TopologyEvent | EpochEvent;

export interface DeviceFacts {
  readonly description: string;
  readonly isSoftware: boolean;
  readonly features: readonly string[];
}

/** What a visitor can do next follows from it. */
export type Phase = 'opening' | 'no device' | 'empty' | 'running' | 'paused' | 'finished';

export interface State {
  readonly phase: Phase;
  readonly step: number;
  /** 0 where there is no run. */
  readonly totalSteps: number;
}

export type Report =
  | { readonly type: 'device'; readonly device: DeviceFacts }
  | ({ readonly type: 'state' } & State)
  /** The run that is there now; its lines follow. */
  | { readonly type: 'begin'; readonly run: RunName; readonly config: RunConfig }
  | { readonly type: 'lines'; readonly run: RunName; readonly lines: readonly Line[] }
  | { readonly type: 'notice'; readonly level: 'note' | 'warning' | 'error'; readonly text: string };
