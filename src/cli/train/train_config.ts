// The configuration that the flags of `train` make.

import { InputError } from '../../device/index.js';
import { ADAMW_RECIPE, defaultConfig, type RunConfig, rateAtBatch } from '../../train/index.js';
import type { TrainFlags } from './train_options.js';

/** What flags that are not given fall back to. */
function recipeOf(dataSet: string, { compat, optimizer, batchSize }: TrainFlags): RunConfig {
  const recipe = defaultConfig(dataSet, compat);
  if (optimizer === 'adamw') return { ...recipe, ...ADAMW_RECIPE };
  return { ...recipe, learningRate: rateAtBatch(recipe, batchSize) };
}

/**
 * The configuration of a run: flags over the data set's recipe, or over another base.
 * @throws InputError where flags contradict each other.
 */
export function configOf(flags: TrainFlags, base?: RunConfig): RunConfig {
  const { dataSet = base?.dataSet ?? 'mnist' } = flags;
  const recipe = base ?? recipeOf(dataSet, flags);
  const method = methodOf(flags) ?? recipe.method;
  const given = {
    model: flags.model,
    imageSize: flags.imageSize,
    brokenImages: flags.brokenImages,
    sparsity: flags.sparsity,
    blockSize: flags.blockSize === 0 ? undefined : flags.blockSize,
    distribution: flags.distribution,
    erkPowerScale: flags.erkPowerScale,
    denseLayers: flags.denseLayers,
    layers: layerRules(flags),
    compat: flags.compat,
    dropRule: flags.dropRule,
    growth: flags.growth,
    growthSteps: flags.growthSteps,
    updateInterval: flags.T,
    updateBegin: flags.TBegin,
    updateEnd: flags.TEnd,
    updateSchedule: flags.updateSchedule,
    alpha: flags.alpha,
    batchSize: flags.batchSize,
    epochs: flags.epochs,
    learningRate: flags.lr,
    lrSchedule: flags.lrSchedule,
    milestones: flags.milestones,
    gamma: flags.gamma,
    warmupEpochs: flags.warmupEpochs,
    optimizer: flags.optimizer,
    momentum: flags.momentum,
    nesterov: flags.nesterov,
    betas: flags.betas,
    epsilon: flags.epsilon,
    weightDecay: flags.weightDecay,
    labelSmoothing: flags.labelSmoothing,
    microBatch: flags.microBatch,
    // What is not said is f32: a run has one description.
    precision: flags.precision === 'f32' && recipe.precision === undefined ? undefined : flags.precision,
    recompute: flags.recompute,
    ema: flags.ema,
    dropout: flags.dropout,
    convBias: flags.convBias,
    augment: flags.augment,
    // Without --no-shuffle, commander says true.
    shuffle: flags.shuffle ? undefined : false,
    seed: flags.seed,
    validation: flags.validation,
    limitTrain: flags.limitTrain,
    limitTest: flags.limitTest,
    maxSteps: flags.maxSteps,
    logEvery: flags.logEvery,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...recipe, ...set, method, dataSet };
}

/** A static run in blocks of 0 is one of single weights: SSB whose every layer has that block size. */
function layerRules({ blockSize, staticUpdate, layer }: TrainFlags): RunConfig['layers'] | undefined {
  return staticUpdate && blockSize === 0 ? [{ pattern: '*', blockSize: 0 }, ...(layer ?? [])] : layer;
}

/** The original has no `--method`: a block size of 0 is nonstructured, a static update SSB. */
function methodOf({ method, blockSize, staticUpdate }: TrainFlags): RunConfig['method'] | undefined {
  if (blockSize === 0 && method !== undefined && method !== 'rigl' && method !== 'set' && method !== 'dense') {
    throw new InputError(`--block-size 0: expected --method rigl, set or dense (or none), got ${method}`);
  }
  if (staticUpdate && method !== undefined && method !== 'ssb') {
    throw new InputError(`--static-update y: expected --method ssb (or none), got ${method}`);
  }
  if (staticUpdate === false && method === 'ssb') {
    throw new InputError('--static-update n: expected a method with updates (or none), got ssb');
  }
  if (staticUpdate) return 'ssb';
  return method ?? (blockSize === 0 ? 'rigl' : undefined);
}
