// What a run will take, before anything runs: steps from the number of images, operations from the network itself, made on a
// backend that executes nothing.

import { PlanError } from './plan.mjs';
import { trainingFlops } from './run_state.mjs';

/** Of training; the official sets. Images of a folder are only counted when it is read. */
const TRAINING_IMAGES = {
  mnist: 60_000,
  cifar10: 50_000,
  cifar100: 50_000,
  tinyimagenet: 100_000,
  imagenet: 1_281_167,
};
/** In the package; all of MNIST comes with --data-dir only. */
const PACKAGED_DIGITS = 8000;

/** Methods that begin with the same network. */
const FORMS = { dsb: 'blocks', ssb: 'blocks', rigl: 'single weights', set: 'single weights' };

/** Undefined for a folder of unknown size. @throws PlanError if nothing is left to train on. */
export function stepsOf({ config, place }) {
  const {
    dataSet,
    limitTrain = Number.POSITIVE_INFINITY,
    validation = 0,
    batchSize,
    epochs,
    maxSteps = Number.POSITIVE_INFINITY,
  } = config;
  const isPackaged = dataSet === 'mnist' && !place.includes('--data-dir');
  const images = Math.min(limitTrain, isPackaged ? PACKAGED_DIGITS : (TRAINING_IMAGES[dataSet] ?? Number.NaN));
  if (validation >= images) {
    throw new PlanError(`${dataSet}: validation: expected a number below ${images} training images, got ${validation}`);
  }
  const steps = Math.min(epochs * Math.ceil((images - validation) / batchSize), maxSteps);
  return Number.isNaN(steps) ? undefined : steps;
}

export class Estimates {
  #networks = new Map();

  constructor(engine) {
    this.engine = engine;
  }

  /**
   * Operations of one image, forward, and parameters of the network as the run prunes it: { active, dense, parameters, weights }.
   * @throws PlanError if there can be no such network.
   */
  networkOf(config) {
    const {
      seed,
      epochs,
      dropRule,
      validation,
      limitTrain,
      limitTest,
      milestones,
      learningRate,
      maxSteps,
      logEvery,
      ...shape
    } = config;
    const key = JSON.stringify({ ...shape, method: FORMS[shape.method] ?? shape.method });
    if (!this.#networks.has(key)) this.#networks.set(key, this.#build(config));
    return this.#networks.get(key);
  }

  async #build(config) {
    try {
      return await this.#measured(config);
    } catch (error) {
      const { InputError, DeviceMemoryError } = this.engine;
      if (!(error instanceof InputError || error instanceof DeviceMemoryError)) throw error;
      throw new PlanError(`${config.model} on ${config.dataSet}: ${error.message}`);
    }
  }

  async #measured(config) {
    const { openDevice, datasetInfo, randomDataset, createTrainer, layerFlops, totalFlops, layerSummaries } =
      this.engine;
    const device = await openDevice({ backend: 'null', warn: () => {} });
    // Nothing is computed, so that weights would be whatever the memory holds.
    device.read = async (_, sizeBytes) => new Uint8Array(sizeBytes);
    const { imageSize } = config;
    const info = { ...datasetInfo(config.dataSet), ...(imageSize ? { height: imageSize, width: imageSize } : {}) };
    const short = {
      ...config,
      validation: undefined,
      limitTrain: undefined,
      limitTest: undefined,
      batchSize: 4,
      epochs: 1,
      updateEnd: undefined,
    };
    const trainer = await createTrainer(
      device,
      { ...short, microBatch: undefined, precision: undefined },
      randomDataset(info, 1_000_000, 4),
    );
    const { model } = trainer.parts;
    const flops = totalFlops(layerFlops(model, info));
    const parameters = [...model.parameters()].reduce((sum, [, parameter]) => sum + parameter.size, 0);
    const weights = layerSummaries(model).reduce((sum, { active }) => sum + active, 0);
    trainer.dispose();
    device.destroy();
    return { ...flops, parameters, weights };
  }

  /** Of a whole run: { steps, trainingFlops, denseTrainingFlops, ...networkOf }; numbers of steps and operations are NaN for a folder. */
  async of(run) {
    const { config } = run;
    const network = await this.networkOf(config);
    const steps = stepsOf(run) ?? Number.NaN;
    const { updateBegin, updateEnd = 0.75 * steps, updateInterval } = config;
    const isDynamic = this.engine.methodNamed(config.method).growth !== undefined;
    const updates = isDynamic ? Math.max(0, Math.floor((updateEnd - updateBegin) / updateInterval)) : 0;
    return {
      ...network,
      steps,
      trainingFlops: trainingFlops(network, config, steps, updates),
      denseTrainingFlops: 3 * network.dense * steps * config.batchSize,
    };
  }
}
