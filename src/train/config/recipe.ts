// From a configuration to its optimizer and its learning rates, and the values of both that are refused.

import type { Device } from '../../device/index.js';
import type { Module } from '../../nn/index.js';
import { Adamw } from '../optim/adamw.js';
import { constant, cosine, type LearningRate, multiStep, warmUp, warmUpOfOriginal } from '../optim/learning_rate.js';
import type { Optimizer } from '../optim/optimizer.js';
import { Sgd } from '../optim/sgd.js';
import { fail, positive, spaced } from './config_checks.js';
import type { RunConfig } from './run_config.js';

export const OPTIMIZER_NAMES = ['sgd', 'adamw'] as const;
export type OptimizerName = (typeof OPTIMIZER_NAMES)[number];

export const LR_SCHEDULE_NAMES = ['multistep', 'cosine', 'constant'] as const;
export type LrScheduleName = (typeof LR_SCHEDULE_NAMES)[number];

/** What takes the place of a data set's recipe, which is SGD's, where AdamW is asked for: PyTorch's defaults. */
export const ADAMW_RECIPE = { learningRate: 1e-3, weightDecay: 0.01 } as const;

/** Images of a batch from which on a recipe's rate is one for large batches. */
const LARGE_BATCH = 256;

/**
 * Learning rate of a recipe at another batch size: one for large batches falls with the batch (Goyal et al. 2017,
 * https://arxiv.org/abs/1706.02677, section 2.1). It does not rise, nor do those for small batches change.
 */
export function rateAtBatch(
  { learningRate, batchSize: usual, compat }: Pick<RunConfig, 'learningRate' | 'batchSize' | 'compat'>,
  batchSize = usual,
): number {
  const isScaled = usual >= LARGE_BATCH && batchSize < usual && compat !== 'original';
  return isScaled ? (learningRate * batchSize) / usual : learningRate;
}

/** The state that it makes lives until it is disposed. */
export function createOptimizer(device: Device, model: Module, config: RunConfig): Optimizer {
  return config.optimizer === 'adamw' ? new Adamw(device, model, config) : new Sgd(device, model, config);
}

/**
 * Milestones count from epoch 0, warm-up or not; a cosine begins where the warm-up ends. The original program knows milestones only,
 * and warms up in its own way: see `warmUpOfOriginal`.
 */
export function learningRateOf(config: RunConfig): LearningRate {
  const { lrSchedule, learningRate, warmupEpochs, epochs, gamma, milestones = defaultMilestones(epochs) } = config;
  if (lrSchedule === 'constant') return warmUp(warmupEpochs, constant(learningRate));
  if (lrSchedule === 'cosine') return warmUp(warmupEpochs, cosine(learningRate, { from: warmupEpochs, to: epochs }));
  const steps = multiStep({ learningRate, milestones, gamma });
  const isOriginal = config.compat === 'original';
  return isOriginal ? warmUpOfOriginal(warmupEpochs, steps) : warmUp(warmupEpochs, steps);
}

/** A half and three quarters of the run, as 80 and 120 of 160 epochs; one milestone where a short run rounds both to one epoch. */
function defaultMilestones(epochs: number): number[] {
  return [...new Set([Math.round(epochs / 2), Math.round((epochs * 3) / 4)])];
}

/** @throws InputError on the first value out of its range. */
export function checkRecipe(config: RunConfig): void {
  const { optimizer, lrSchedule, learningRate, milestones = [], warmupEpochs, batchSize, microBatch } = config;
  if (!OPTIMIZER_NAMES.includes(optimizer)) fail('optimizer', OPTIMIZER_NAMES.join(' | '), `'${optimizer}'`);
  if (!LR_SCHEDULE_NAMES.includes(lrSchedule)) fail('lr schedule', LR_SCHEDULE_NAMES.join(' | '), `'${lrSchedule}'`);
  if (!(learningRate > 0 && Number.isFinite(learningRate))) fail('learning rate', 'a positive number', learningRate);
  if (!Number.isInteger(warmupEpochs) || warmupEpochs < 0) {
    fail('warmup epochs', 'a whole number of at least 0', warmupEpochs);
  }
  if (!milestones.every((epoch) => epoch >= 0)) fail('milestones', 'epochs of at least 0', milestones.join(','));
  if (!(config.gamma > 0 && config.gamma <= 1)) fail('gamma', 'a number in (0, 1]', config.gamma);
  for (const name of ['momentum', 'labelSmoothing', 'dropout', 'ema'] as const) share(name, config[name] ?? 0);
  if (config.nesterov && optimizer !== 'sgd') fail('nesterov', 'optimizer sgd', optimizer);
  if (config.nesterov && config.momentum === 0) fail('nesterov', 'a momentum above 0', 0);
  if (config.betas.length !== 2) fail('betas', 'two numbers', config.betas.join(',') || 'none');
  for (const beta of config.betas) share('betas', beta);
  if (!(config.epsilon > 0 && Number.isFinite(config.epsilon))) fail('epsilon', 'a positive number', config.epsilon);
  if (!(config.weightDecay >= 0 && Number.isFinite(config.weightDecay))) {
    fail('weight decay', 'a number of at least 0', config.weightDecay);
  }
  if (microBatch === undefined) return;
  positive('microBatch', microBatch);
  if (microBatch > batchSize) fail('micro batch', `at most the batch size ${batchSize}`, microBatch);
}

function share(name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    fail(spaced(name), name === 'betas' ? 'numbers in [0, 1)' : 'a number in [0, 1)', value);
}
