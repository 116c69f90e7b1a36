// Checkpoints: one safetensors file with the model's state, the optimizer's, the position in training and the configuration. A
// checksum over all of it stands in the metadata, so that a flipped bit in a weight does not go unseen.

import { InputError } from '../../device/index.js';
import { show } from '../../host/show.js';
import type { ModelOptions } from '../../models/index.js';
import { sparsifiableLayers } from '../../nn/index.js';
import { parseConfig } from '../config/config_file.js';
import { outputClasses } from '../config/original.js';
import type { RunConfig } from '../config/run_config.js';
import type { Position } from '../position.js';
import type { Trainer } from '../trainer.js';
import { crc32 } from './crc32.js';
import { type SafetensorsTensor, safetensor } from './safetensors.js';
import { parseSafetensors } from './safetensors_reader.js';
import { encodeSafetensors } from './safetensors_writer.js';
import { readState } from './state_dict.js';

export const CHECKPOINT_FORMAT = 'shuffleblock-checkpoint-2';
const STATE = /^(optimizer|ema)\./;
const AVERAGE = 'ema.';
const TOPOLOGY = 'topology.';

/** Outputs of a network, and extents of the images that it takes. */
export type NetworkSize = Pick<ModelOptions, 'classes' | 'channels' | 'height' | 'width'>;

const SIZES = ['classes', 'channels', 'height', 'width'] as const;

/** What a run needs to know beside its tensors to go on. */
export interface CheckpointPosition extends Position {
  readonly config: RunConfig;
  /** What the network was built for, which follows from the data: not in checkpoints of versions that knew only data of one size. */
  readonly network?: NetworkSize;
  /**
   * Of the weights of convolutions and linear layers, by layer: tables of blocks do not say how many columns were left out behind the last
   * kept one. Not in checkpoints of earlier versions; nothing but pictures needs them.
   */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
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
  const { model, topology, config, train } = trainer.parts;
  const { position } = trainer;
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
  const topologies = topologyState.map(([name, tensor]): [string, SafetensorsTensor] => [TOPOLOGY + name, tensor]);
  const tensors = new Map([...parameters, ...state, ...topologies]);
  const { classes, channels, height, width } = train.dataset;
  const network = { classes: outputClasses(config, classes), channels, height, width };
  const shapes = Object.fromEntries(sparsifiableLayers(model).map(([name, { weight }]) => [name, weight.shape]));
  return sealCheckpoint(tensors, { config, network, shapes, ...position, metrics });
}

/** A checkpoint file of these tensors, with its checksum. */
export function sealCheckpoint(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  position: CheckpointPosition,
): Uint8Array {
  const text = JSON.stringify(position);
  const metadata = { format: CHECKPOINT_FORMAT, position: text, checksum: checksum(tensors, text) };
  return encodeSafetensors(tensors, metadata);
}

/**
 * @param where the file's name, for messages.
 * @throws InputError if the bytes are not a checkpoint, or a damaged one.
 */
export function parseCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { metadata, tensors } = parseSafetensors(bytes, where);
  if (metadata.format !== CHECKPOINT_FORMAT) {
    const got = metadata.format === undefined ? 'a file without format' : show(metadata.format);
    throw new InputError(`${where}: expected a checkpoint (${CHECKPOINT_FORMAT}), got ${got}`);
  }
  const { position: text = '' } = metadata;
  const sum = checksum(tensors, text);
  if (metadata.checksum !== sum) {
    throw new InputError(
      `${where}: expected contents of checksum ${show(metadata.checksum)}, got ${sum}: a damaged checkpoint`,
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
  return { ...parsePosition(text, where), model, state, topology };
}

/** What a run evaluates, as a state for `loadState`: the model with averages in the place of its values, where the run keeps averages. */
export function evaluatedState({ model, state }: Checkpoint): Map<string, SafetensorsTensor> {
  const averages = [...state].filter(([name]) => name.startsWith(AVERAGE));
  return new Map([
    ...model,
    ...averages.map(([fullName, tensor]): [string, SafetensorsTensor] => {
      const name = fullName.slice(AVERAGE.length);
      return [model.has(name) ? name : `${name}.blocks.values`, tensor];
    }),
  ]);
}

/** Whether a safetensors file is a checkpoint of ours, rather than a plain state dict. */
export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === CHECKPOINT_FORMAT;
}

/** Of what a checkpoint says, whatever the order of its tensors: 8 hexadecimal digits. */
function checksum(tensors: ReadonlyMap<string, SafetensorsTensor>, position: string): string {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const description = sorted.map(([name, { dtype, shape }]) => [name, dtype, shape]);
  let sum = crc32(new TextEncoder().encode(JSON.stringify([position, description])));
  for (const [, { data }] of sorted) sum = crc32(data, sum);
  return sum.toString(16).padStart(8, '0');
}

function parsePosition(text: string, where: string): CheckpointPosition {
  const { config, network, shapes, step, finishedEpochs, best, metrics } = parseObject(text, where);
  const isBest = (value: unknown) =>
    isRecord(value) && isCount(value.epoch) && typeof value.testAccuracy === 'number' && value.testAccuracy >= 0;
  const isSums = (value: unknown) =>
    isRecord(value) &&
    areAll(value.lossSum, 2, Number.isFinite) &&
    areAll(value.counts, 3, (count) => isCount(count) && count < 2 ** 32);
  const isNetwork = (value: unknown) =>
    isRecord(value) && SIZES.every((name) => isCount(value[name]) && value[name] > 0);
  const isShape = (value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.every((size) => isCount(size) && size > 0);
  const areShapes = (value: unknown) => isRecord(value) && Object.values(value).every(isShape);
  const checks: [string, boolean][] = [
    ['step', isCount(step)],
    ['finishedEpochs', isCount(finishedEpochs)],
    ['best', best === undefined || isBest(best)],
    ['metrics', isSums(metrics)],
    ['network', network === undefined || isNetwork(network)],
    ['shapes', shapes === undefined || areShapes(shapes)],
  ];
  const wrong = checks.find(([, isRight]) => !isRight);
  if (wrong) {
    throw new InputError(`${where}: expected the position of a run in its metadata, got none or another ${wrong[0]}`);
  }
  const position = {
    step,
    finishedEpochs,
    metrics,
    ...(best === undefined ? {} : { best }),
    ...(network === undefined ? {} : { network }),
    ...(shapes === undefined ? {} : { shapes }),
  };
  return { ...(position as Omit<CheckpointPosition, 'config'>), config: parseConfig(config, `${where}: config`) };
}

function parseObject(text: string, where: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below, like everything else that is no object.
  }
  throw new InputError(`${where}: expected the position of a run in its metadata, got ${text ? 'no object' : 'none'}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areAll(values: unknown, count: number, test: (value: unknown) => boolean): boolean {
  return Array.isArray(values) && values.length === count && values.every(test);
}
