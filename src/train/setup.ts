// From a configuration to a trainer, the same in Node and in browsers.

import type { ImageDataset } from '../data/index.js';
import { limitSplit, ResidentImages } from '../data/index.js';
import { type Device, InputError } from '../device/index.js';
import { createModel } from '../models/index.js';
import { DenseWeight, type Module, type SparseForm, sparsifiableLayers, sparsify } from '../nn/index.js';
import { Random } from '../tensor/index.js';
import { multiStep } from './learning_rate.js';
import { methodNamed } from './method.js';
import { checkConfig, type RunConfig } from './run_config.js';
import { Sgd } from './sgd.js';
import { loadState, type NamedTensors } from './state_dict.js';
import { createTopologyUpdates } from './topology_setup.js';
import { Trainer } from './trainer.js';

/** Parameters to start from, of a state dict or a checkpoint. */
export interface InitialState {
  readonly tensors: NamedTensors;
  /** The file's name, for messages. */
  readonly where: string;
}

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
  const model = createModel(config.model, { device, random: new Random(config.seed) }, { ...dataset, ...config });
  try {
    await prepareWeights(device, model, method.form?.(config.blockSize), config, initial);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const optimizer = new Sgd(device, model, config);
  const train = new ResidentImages(device, limitSplit(dataset.train, config.limitTrain), dataset);
  const test = new ResidentImages(device, limitSplit(dataset.test, config.limitTest), dataset);
  const { epochs, learningRate, milestones = defaultMilestones(config.epochs) } = config;
  const steps = Math.min(
    epochs * Math.ceil(train.count / config.batchSize),
    config.maxSteps ?? Number.POSITIVE_INFINITY,
  );
  const growth = method.growth && (config.growth ?? method.growth);
  const dynamic = sparsifiableLayers(model).flatMap(([name]) => (growth ? [[name, growth] as const] : []));
  const topology = createTopologyUpdates(model, optimizer, new Map(dynamic), config, steps);
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

/** Loads the initial state, if there is one; prunes what is not sparse then. */
async function prepareWeights(
  device: Device,
  model: Module,
  form: SparseForm | undefined,
  config: RunConfig,
  initial: InitialState | undefined,
): Promise<void> {
  const isSparse = initial && loadState(device, model, initial.tensors, { form, where: initial.where });
  if (isSparse) checkForms(model, form, config, initial.where);
  else if (form) await sparsify(device, model, form, config);
}

/** Tables load as tables whatever the method, which may know nothing to do with them. */
function checkForms(model: Module, form: SparseForm | undefined, { method }: RunConfig, where: string): void {
  for (const [name, { weight }] of sparsifiableLayers(model)) {
    if (weight instanceof DenseWeight || form?.holds(weight)) continue;
    throw new InputError(
      `${where}: ${name}.weight: expected ${form ? 'a mask' : 'no pruned weights'} for method ${method}, got ${weight.pattern}`,
    );
  }
}

/** A half and three quarters of the run, as 80 and 120 of 160 epochs; one milestone where a short run rounds both to one epoch. */
function defaultMilestones(epochs: number): number[] {
  return [...new Set([Math.round(epochs / 2), Math.round((epochs * 3) / 4)])];
}
