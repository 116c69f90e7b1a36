// From a configuration to a trainer, the same in Node and in browsers.

import { type AnyDataset, type AnySplit, holdOut, limitSplit, openImages } from '../data/index.js';
import { type Device, InputError } from '../device/index.js';
import { createModel } from '../models/index.js';
import { DenseWeight, type Module, sparsifiableLayers, sparsify } from '../nn/index.js';
import type { LayerShape } from '../sparse/index.js';
import { Random } from '../tensor/index.js';
import { type LayerPlan, planLayers } from './config/layer_plan.js';
import { outputClasses } from './config/original.js';
import { createOptimizer, learningRateOf } from './config/recipe.js';
import { checkConfig, type RunConfig } from './config/run_config.js';
import { budgetOf, loadState, type NamedTensors } from './files/state_dict.js';
import { LossScale } from './loss_scale.js';
import { WeightAverage } from './optim/weight_average.js';
import { checkPrecision } from './precision.js';
import { createTopologyUpdates, updateSchedule } from './topology/topology_setup.js';
import { Trainer, totalStepsOf } from './trainer.js';

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
  dataset: AnyDataset,
  initial?: InitialState,
): Promise<Trainer> {
  checkConfig(config);
  checkPrecision(device, config.precision ?? 'f32');
  const splits = splitsOf(config, dataset);
  const schedule = updateSchedule(config, totalStepsOf(config, splits.train.count));
  const options = {
    ...{ ...dataset, ...config, classes: outputClasses(config, dataset.classes) },
    // The original's branches begin with weights of 1.
    zeroInitResidual: config.compat !== 'original',
  };
  const made: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(part: T): T => {
    made.push(part);
    return part;
  };
  try {
    const budget = initial && budgetOf(initial.tensors, initial.where);
    const model = own(createModel(config.model, { device, random: new Random(config.seed), budget }, options));
    const plan = planLayers(config, layerShapes(model));
    await prepareWeights(device, model, plan, config, initial);
    const optimizer = own(createOptimizer(device, model, config));
    const average = config.ema === undefined ? undefined : own(new WeightAverage(model, config.ema));
    const lossScale = config.precision === 'f16' ? own(new LossScale(device, model)) : undefined;
    const { batchSize, microBatch = batchSize } = config;
    const train = own(openImages(device, splits.train, dataset, batchSize));
    const test = own(openImages(device, splits.test, dataset, microBatch));
    const state = { slots: (name: string) => [...optimizer.slots(name), ...(average?.slots(name) ?? [])] };
    const topology = createTopologyUpdates(model, state, plan, schedule, config, lossScale);
    const learningRate = learningRateOf(config);
    return new Trainer({ device, model, optimizer, learningRate, average, lossScale, topology, train, test, config });
  } catch (error) {
    for (const part of made.reverse()) part.dispose();
    throw error;
  }
}

/** What is trained on, and in `test` what is evaluated on: test images, or held-out training images in their place. */
function splitsOf(
  { validation, limitTrain, limitTest }: RunConfig,
  dataset: AnyDataset,
): { train: AnySplit; test: AnySplit } {
  const train = limitSplit(dataset.train, limitTrain);
  if (validation === undefined) return { train, test: limitSplit(dataset.test, limitTest) };
  const held = holdOut(train, validation);
  return { train: held.train, test: held.validation };
}

function layerShapes(model: Module): LayerShape[] {
  return sparsifiableLayers(model).map(([name, { weight }]) => ({ name, shape: weight.shape }));
}

/** Loads the initial state, if there is one; prunes what is not sparse then. */
async function prepareWeights(
  device: Device,
  model: Module,
  plan: ReadonlyMap<string, LayerPlan>,
  config: RunConfig,
  initial: InitialState | undefined,
): Promise<void> {
  const form = (layer: string) => plan.get(layer)?.form;
  if (initial && loadState(device, model, initial.tensors, { form, where: initial.where })) {
    checkForms(model, plan, config, initial.where);
  } else if (config.method !== 'dense') {
    const densities = [...plan].flatMap(([name, { density }]) =>
      density === undefined ? [] : [[name, density] as const],
    );
    const { sparsity, distribution, erkPowerScale: powerScale } = config;
    await sparsify(device, model, form, { sparsity, distribution, powerScale, fixedDensities: new Map(densities) });
  }
}

/** Tables load as tables whatever the method, which may know nothing to do with them. */
function checkForms(model: Module, plan: ReadonlyMap<string, LayerPlan>, { method }: RunConfig, where: string): void {
  for (const [name, { weight }] of sparsifiableLayers(model)) {
    const form = plan.get(name)?.form;
    if (weight instanceof DenseWeight || form?.holds(weight)) continue;
    throw new InputError(
      `${where}: ${name}.weight: expected ${form ? 'a mask' : 'no pruned weights'} for method ${method}, got ${weight.pattern}`,
    );
  }
}
