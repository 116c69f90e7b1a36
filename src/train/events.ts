// What a training run tells as it goes: the lines of metrics.jsonl, and pauses.

import type { Overflow } from './loss_scale.js';
import type { TopologyEvent } from './topology/topology_updates.js';

export interface StepEvent {
  readonly type: 'step';
  /** Counted from 0. */
  readonly step: number;
  readonly epoch: number;
  /** Of this step's batch, before its update. */
  readonly loss: number;
  readonly lr: number;
  /** Milliseconds a step, over the steps since the last such line. */
  readonly ms: number;
  /** GPU memory of all runs of the device together, in use or held ready. */
  readonly memoryBytes: number;
}

export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Mean over the epoch's images, each before the update that its batch made. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** On the images that are evaluated: those that `validation` of the configuration holds out, the test images without it. */
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly testTop5: number;
  /** Share of the weights of convolutions and linear layers that are pruned. */
  readonly sparsity: number;
  readonly seconds: number;
  /** Of `seconds`, in which a training step waited for its images. */
  readonly dataWaitSeconds: number;
  /** Damaged training images that were left out, since the epoch began or was gone on with; not there if none was. */
  readonly skippedImages?: number;
  /** Of `seconds`, in topology updates. */
  readonly updateSeconds: number;
}

/** A step in f16 that was left out, told within the next 32 steps. */
export interface OverflowEvent extends Overflow {
  readonly type: 'overflow';
}

/** Between two steps, for whoever wants to save; no line. */
export interface PauseEvent {
  readonly type: 'pause';
  /** The step before the pause. */
  readonly step: number;
}

/** A line of metrics.jsonl. */
export type MetricsLine = StepEvent | TopologyEvent | OverflowEvent | EpochEvent;

export type TrainingEvent = MetricsLine | PauseEvent;
