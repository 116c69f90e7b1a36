// Checkpoints: one safetensors file with the model's state, the optimizer's, the position in training and the configuration.

import { InputError } from '../device/index.js';
import type { RunConfig } from './run_config.js';
import { encodeSafetensors, parseSafetensors, type SafetensorsTensor, safetensor } from './safetensors.js';
import { readState } from './state_dict.js';
import type { Trainer } from './trainer.js';

const FORMAT = 'shuffleblock-checkpoint-1';
const STATE = /^optimizer\./;
const TOPOLOGY = 'topology.';

/** What a run needs to know beside its tensors to go on. */
export interface CheckpointPosition {
  readonly config: RunConfig;
  /** Steps done. */
  readonly step: number;
  /** Sums of the epoch so far. */
  readonly metrics: { readonly lossSum: number[]; readonly counts: number[] };
}

export interface Checkpoint extends CheckpointPosition {
  /** Parameters and running statistics, for `loadState`. */
  readonly model: Map<string, SafetensorsTensor>;
  /** For the tensors of `Trainer.state`, by their names. */
  readonly state: Map<string, SafetensorsTensor>;
  /** For `TopologyUpdates.restore`; empty where topologies are static. */
  readonly topology: Map<string, SafetensorsTensor>;
}

/** The bytes of a checkpoint file: the trainer's state as of this call. Call it between steps. */
export async function encodeCheckpoint(trainer: Trainer): Promise<Uint8Array> {
  const { model, topology, config } = trainer.parts;
  const { step } = trainer;
  const [parameters, metrics, state, topologyState] = await Promise.all([
    readState(model),
    trainer.metrics.state(),
    Promise.all(
      trainer.state().map(async ([name, tensor]): Promise<[string, SafetensorsTensor]> => {
        return [name, safetensor(await tensor.read(), tensor.shape)];
      }),
    ),
    topology?.state() ?? [],
  ]);
  const position: CheckpointPosition = { config, step, metrics };
  const topologies = topologyState.map(([name, tensor]): [string, SafetensorsTensor] => [TOPOLOGY + name, tensor]);
  const tensors = [...parameters, ...state, ...topologies];
  return encodeSafetensors(tensors, { format: FORMAT, position: JSON.stringify(position) });
}

/**
 * @param where the file's name, for messages.
 * @throws InputError if the bytes are not a checkpoint.
 */
export function parseCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { metadata, tensors } = parseSafetensors(bytes, where);
  if (metadata.format !== FORMAT) {
    throw new InputError(
      `${where}: expected a checkpoint (${FORMAT}), got ${metadata.format ?? 'a file without format'}`,
    );
  }
  const isModel = (name: string) => !STATE.test(name) && !name.startsWith(TOPOLOGY);
  const model = new Map([...tensors].filter(([name]) => isModel(name)));
  const state = new Map([...tensors].filter(([name]) => STATE.test(name)));
  const topology = new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(TOPOLOGY))
      .map(([name, tensor]) => [name.slice(TOPOLOGY.length), tensor] as const),
  );
  return { ...parsePosition(metadata.position, where), model, state, topology };
}

/** Whether a safetensors file is a checkpoint of ours, rather than a plain state dict. */
export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === FORMAT;
}

function parsePosition(text: string | undefined, where: string): CheckpointPosition {
  try {
    const { config, step, metrics } = JSON.parse(text ?? '');
    const isConfig = typeof config?.model === 'string' && typeof config.dataSet === 'string';
    const isStep = Number.isInteger(step) && step >= 0;
    if (isConfig && isStep && areNumbers(metrics?.lossSum, 2) && areNumbers(metrics?.counts, 3)) {
      return { config, step, metrics };
    }
  } catch {
    // Told below, like everything else that is not a position.
  }
  throw new InputError(
    `${where}: expected configuration and step in its metadata, got ${text ? 'something else' : 'none'}`,
  );
}

function areNumbers(values: unknown, count: number): boolean {
  return Array.isArray(values) && values.length === count && values.every(Number.isFinite);
}
