// sessions.jsonl of a run folder: on what a run was computed, and what it took. A run that is gone on with may have several sessions, on
// several machines; metrics.jsonl says what came of them, and does not depend on it.

import { createRequire } from 'node:module';
import { hasMatrixUnits } from '../../shaders/index.js';
import {
  type EvaluatedOn,
  evaluatedOn,
  layerFlops,
  layerSummaries,
  type Trainer,
  totalFlops,
} from '../../train/index.js';
import { packageVersion } from '../version.js';
import { appendLine } from './run_files.js';

/** A process began to work on the run. */
export interface SessionStart {
  readonly type: 'start';
  /** Done before. */
  readonly step: number;
  /** ISO 8601. */
  readonly time: string;
  readonly versions: { readonly shuffleblock: string; readonly node: string; readonly webgpu: string };
  /** `linux-x64`. */
  readonly platform: string;
  readonly adapter: string;
  readonly isSoftware: boolean;
  /** Whether f16 convolutions may have gone through them, which round in another order. */
  readonly matrixUnits: boolean;
  /** Trained on, and evaluated on after each epoch: `test`, or `validation`. */
  readonly images: { readonly train: number } & { readonly [Part in EvaluatedOn]?: number };
  /** Trained values: kept weights with the padding of their blocks, biases, scales of normalisation. */
  readonly parameters: number;
  /** Of convolutions and linear layers: those that are kept, and all. */
  readonly weights: { readonly active: number; readonly all: number };
  /** Of one image, forward: of kept weights, and of all. */
  readonly flops: { readonly active: number; readonly dense: number };
}

/** The run was saved: what the session took until then. What it does after its last save is lost, and not counted. */
export interface SessionSave {
  readonly type: 'save';
  readonly step: number;
  /** Since the process began: compiling, reading images and evaluation among them. */
  readonly seconds: number;
  /** Most GPU memory in use since training began. */
  readonly peakBytes: number;
}

/** The best checkpoint of a run with `validation` was evaluated on the test images, once the run was at its end. */
export interface SessionTest {
  readonly type: 'test';
  /** Of the run; the checkpoint is of the end of its `epoch`. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly top5: number;
  readonly images: number;
}

export class SessionLog {
  constructor(private readonly path: string) {}

  append(line: SessionStart | SessionSave | SessionTest): void {
    appendLine(this.path, line);
  }
}

export function sessionStart({ step, parts: { device, model, train, test, config } }: Trainer): SessionStart {
  const layers = layerSummaries(model);
  const parameters = [...model.parameters()].reduce((sum, [, parameter]) => sum + parameter.size, 0);
  const active = layers.reduce((sum, layer) => sum + layer.active, 0);
  const all = layers.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return {
    type: 'start',
    step,
    time: new Date().toISOString(),
    versions: { shuffleblock: packageVersion(), node: process.versions.node, webgpu: versionOf('webgpu') },
    platform: `${process.platform}-${process.arch}`,
    adapter: device.info.description,
    isSoftware: device.info.isSoftware,
    matrixUnits: hasMatrixUnits(device),
    images: { train: train.count, [evaluatedOn(config)]: test.count },
    parameters,
    weights: { active, all },
    flops: totalFlops(layerFlops(model, train.dataset)),
  };
}

/** @param start of the process's work, by `performance.now()`. */
export function sessionSave({ step, parts: { device } }: Trainer, start: number): SessionSave {
  const seconds = (performance.now() - start) / 1000;
  return { type: 'save', step, seconds, peakBytes: device.memory().peakUsedBytes };
}

function versionOf(name: string): string {
  return createRequire(import.meta.url)(`${name}/package.json`).version;
}
