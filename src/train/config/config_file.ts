// Configurations from files: what `config.json` and checkpoints hold is believed only once every value has its type and range.

import { InputError } from '../../device/index.js';
import { show } from '../../host/show.js';
import { spaced } from './config_checks.js';
import { checkConfig, defaultConfig, type RunConfig } from './run_config.js';

type Check = readonly [expected: string, isRight: (value: unknown) => boolean];

const TEXT: Check = ['a text', (value) => typeof value === 'string'];
const NUMBER: Check = ['a number', (value) => typeof value === 'number'];
const FLAG: Check = ['true or false', (value) => typeof value === 'boolean'];
const TEXTS: Check = ['a list of texts', (value) => Array.isArray(value) && value.every(TEXT[1])];
const NUMBERS: Check = ['a list of numbers', (value) => Array.isArray(value) && value.every(NUMBER[1])];

/** See `LayerRule`. */
const RULE_CHECKS: Readonly<Record<string, Check>> = {
  pattern: TEXT,
  density: NUMBER,
  blockSize: NUMBER,
  method: TEXT,
};
const LAYER_RULES: Check = ['a list of rules', (value) => Array.isArray(value) && value.every(isLayerRule)];

function isLayerRule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'pattern')) return false;
  return Object.entries(value).every(([name, setting]) => {
    return Object.hasOwn(RULE_CHECKS, name) && RULE_CHECKS[name][1](setting);
  });
}

const CHECKS: Readonly<Record<keyof RunConfig, Check>> = {
  model: TEXT,
  dataSet: TEXT,
  imageSize: NUMBER,
  brokenImages: TEXT,
  method: TEXT,
  sparsity: NUMBER,
  blockSize: NUMBER,
  distribution: TEXT,
  erkPowerScale: NUMBER,
  denseLayers: TEXTS,
  layers: LAYER_RULES,
  compat: TEXT,
  dropRule: TEXT,
  growth: TEXT,
  growthSteps: NUMBER,
  updateInterval: NUMBER,
  updateBegin: NUMBER,
  updateEnd: NUMBER,
  updateSchedule: TEXT,
  alpha: NUMBER,
  batchSize: NUMBER,
  epochs: NUMBER,
  learningRate: NUMBER,
  lrSchedule: TEXT,
  milestones: NUMBERS,
  gamma: NUMBER,
  warmupEpochs: NUMBER,
  optimizer: TEXT,
  momentum: NUMBER,
  nesterov: FLAG,
  betas: NUMBERS,
  epsilon: NUMBER,
  weightDecay: NUMBER,
  labelSmoothing: NUMBER,
  microBatch: NUMBER,
  precision: TEXT,
  recompute: FLAG,
  ema: NUMBER,
  dropout: NUMBER,
  convBias: FLAG,
  augment: TEXT,
  shuffle: FLAG,
  seed: NUMBER,
  validation: NUMBER,
  limitTrain: NUMBER,
  limitTest: NUMBER,
  maxSteps: NUMBER,
  logEvery: NUMBER,
};

/**
 * @param where file and place, for messages.
 * @throws InputError naming the first value that is unknown, missing, of another type or out of range.
 */
export function parseConfig(value: unknown, where: string): RunConfig {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${where}: expected the configuration of a run, got ${show(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined) throw new InputError(`${where}: expected settings of a run, got ${show(unknown)}`);
  const { dataSet } = value as Partial<RunConfig>;
  const recipe = defaultConfig(typeof dataSet === 'string' ? dataSet : '');
  for (const [name, [expected, isRight]] of Object.entries(CHECKS)) {
    const setting = (value as Record<string, unknown>)[name];
    const mayLack = recipe[name as keyof RunConfig] === undefined;
    if (setting === undefined ? mayLack : isRight(setting)) continue;
    throw new InputError(`${where}: ${name}: expected ${expected}, got ${show(setting)}`);
  }
  try {
    return checkConfig(value as RunConfig);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${where}: ${error.message}`) : error;
  }
}

export interface ConfigDifference {
  readonly name: keyof RunConfig;
  /** `epochs: the run has 3, the command line says 5`. */
  readonly message: string;
}

/** Every setting in which two configurations differ; `ofA` and `ofB` say whose is whose. */
export function configDifferences(
  a: RunConfig,
  b: RunConfig,
  [ofA, ofB]: readonly [string, string],
): ConfigDifference[] {
  const text = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value));
  return (Object.keys(CHECKS) as (keyof RunConfig)[])
    .filter((name) => text(a[name]) !== text(b[name]))
    .map((name) => ({ name, message: `${spaced(name)}: ${ofA} ${text(a[name])}, ${ofB} ${text(b[name])}` }));
}
