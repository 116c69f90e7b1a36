// From a configuration to a trainer, the same in Node and in browsers.

import type { ImageDataset } from '../data/index.js';
import { limitSplit, ResidentImages } from '../data/index.js';
import type { Device } from '../device/index.js';
import { createModel } from '../models/index.js';
import { type Module, sparsify } from '../nn/index.js';
import { UpdateSchedule } from '../sparse/index.js';
import { Random } from '../tensor/index.js';
import { multiStep } from './learning_rate.js';
import { type Method, type MethodOptions, methodNamed } from './method.js';
import { checkConfig, type RunConfig } from './run_config.js';
import { Sgd } from './sgd.js';
import { loadState, type NamedTensors } from './state_dict.js';
import { TopologyUpdates } from './topology_updates.js';
import { Trainer } from './trainer.js';

/** Parameters to start from, of a state dict or a checkpoint. */
export interface InitialState {
  readonly tensors: NamedTensors;
  /** The file's name, for messages. */
  readonly where: string;
}

/** Streams of random numbers derived from one seed. */
const TOPOLOGY_STREAM = 0x7090;

/**
 * A trainer at step 0. Parameters are drawn from the seed, or taken from `initial`; in the latter case masks and tables are kept as
 * they are, and a state without any is pruned.
 *
 * @throws InputError if the configuration, the data or the initial state do not fit together.
 */
export async function createTrainer(
  device: Device,
  config: RunConfig,
  dataset: ImageDataset,
  initial?: InitialState,
): Promise<Trainer> {
  checkConfig(config);
  const method = methodNamed(config.method);
  const options: MethodOptions = { ...config, random: new Random(config.seed ^ TOPOLOGY_STREAM) };
  const model = createModel(config.model, { device, random: new Random(config.seed) }, { ...dataset, ...config });
  await prepareWeights(device, model, method, options, config, initial);
  const optimizer = new Sgd(device, model, config);
  const train = new ResidentImages(device, limitSplit(dataset.train, config.limitTrain), dataset);
  const test = new ResidentImages(device, limitSplit(dataset.test, config.limitTest), dataset);
  const { epochs, learningRate, milestones = [Math.round(epochs / 2), Math.round((epochs * 3) / 4)] } = config;
  const steps = Math.min(
    epochs * Math.ceil(train.count / config.batchSize),
    config.maxSteps ?? Number.POSITIVE_INFINITY,
  );
  const schedule = new UpdateSchedule({
    updateInterval: config.updateInterval,
    endStep: config.updateEnd ?? Math.round((steps * 3) / 4),
    initialFraction: config.alpha,
    shape: config.updateSchedule,
  });
  const topology = method.update && new TopologyUpdates(model, optimizer, schedule, method.update(options));
  return new Trainer({
    device,
    model,
    optimizer,
    learningRate: multiStep({ learningRate, milestones }),
    topology,
    train,
    test,
    config,
  });
}

async function prepareWeights(
  device: Device,
  model: Module,
  method: Method,
  options: MethodOptions,
  config: RunConfig,
  initial: InitialState | undefined,
): Promise<void> {
  const form = method.form?.(options);
  const isSparse = initial && loadState(device, model, initial.tensors, { form, where: initial.where });
  if (form && !isSparse) await sparsify(device, model, form, config);
}
