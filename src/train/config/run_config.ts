// Everything that determines a training run, as plain data: what `config.json` and checkpoints hold.

import { type Distribution, type DropRuleName, dropRules, type ScheduleShape } from '../../sparse/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { PRECISIONS } from '../precision.js';
import { checkMethod } from './check_method.js';
import { fail, positive, spaced } from './config_checks.js';
import type { LayerRule } from './layer_plan.js';
import type { GrowthName, MethodName } from './method.js';
import { ORIGINAL_DEFAULTS } from './original.js';
import { checkRecipe, type LrScheduleName, type OptimizerName } from './recipe.js';

export interface RunConfig {
  /** See MODEL_NAMES of src/models. */
  readonly model: string;
  readonly dataSet: string;
  /** Height and width of images, in pixels; the data set's own if not given. */
  readonly imageSize?: number;
  /** Whether an image file that cannot be decoded ends the run, or is left out; `stop` if not given. */
  readonly brokenImages?: 'stop' | 'skip';
  readonly method: MethodName;
  /** Does as the original program does where that changes results: see docs/method.md. */
  readonly compat?: 'original';
  /** Share of the weights of convolutions and linear layers that are pruned, in [0, 1). */
  readonly sparsity: number;
  readonly blockSize: number;
  readonly distribution: Distribution;
  /** Exponent of the distribution's densities: below 1 evens them out. */
  readonly erkPowerScale: number;
  /** Layers that stay dense: names, in which `*` stands for any text. */
  readonly denseLayers: readonly string[];
  readonly layers: readonly LayerRule[];
  readonly dropRule: DropRuleName;
  /** Where weights grow; as the method does if not given. */
  readonly growth?: GrowthName;
  /** Steps before an update whose dense gradients are summed for growth; see `growthStepsOf` for what it is if not given. */
  readonly growthSteps?: number;
  /** T: steps between topology updates. */
  readonly updateInterval: number;
  /** No topology updates before this step. */
  readonly updateBegin: number;
  /** T_end: no updates from this step on; three quarters of the run if not given. */
  readonly updateEnd?: number;
  readonly updateSchedule: ScheduleShape;
  /** Drop fraction at the start. */
  readonly alpha: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly lrSchedule: LrScheduleName;
  /** Epochs at which the learning rate is multiplied by `gamma`; a half and three quarters of the run if not given. */
  readonly milestones?: readonly number[];
  readonly gamma: number;
  /** First epochs, in which the learning rate rises to what it would be without them. */
  readonly warmupEpochs: number;
  readonly optimizer: OptimizerName;
  /** Of SGD. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Decay of the two moments of AdamW. */
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  /** Most images at once: a batch is computed in parts of that size, if given, and its gradients are summed. */
  readonly microBatch?: number;
  /** Of activations and their gradients, and of what convolutions read of the weights; `f32` if not given. */
  readonly precision?: ActivationType;
  /** Computes results of BatchNorm and dropout again in the backward pass, instead of keeping them: less memory, the same results. */
  readonly recompute?: boolean;
  /** Decay of an average of the weights over steps, which is what is evaluated; none if not given. */
  readonly ema?: number;
  /** Dropout probability; the model's own if not given. */
  readonly dropout?: number;
  /** Biases of convolutions before BatchNorm. */
  readonly convBias: boolean;
  readonly augment: 'none' | 'standard';
  readonly shuffle: boolean;
  readonly seed: number;
  /** Training images that are held out and evaluated on after each epoch, instead of the test images; none if not given. See `holdOut`. */
  readonly validation?: number;
  /** First images of each split only; `validation` is held out of what is left. */
  readonly limitTrain?: number;
  readonly limitTest?: number;
  /** Ends the run after so many steps. */
  readonly maxSteps?: number;
  /** Steps between step lines. */
  readonly logEvery: number;
}

/** The method's recipe for CIFAR (Jiang, Hu, Song, NeurIPS 2022). */
const CIFAR: RunConfig = {
  model: 'wrn-22-2',
  dataSet: 'cifar10',
  method: 'dsb',
  sparsity: 0.9,
  blockSize: 16,
  distribution: 'erk',
  erkPowerScale: 1,
  denseLayers: [],
  layers: [],
  dropRule: 'block-norm',
  updateInterval: 100,
  updateBegin: 0,
  updateSchedule: 'cosine',
  alpha: 0.3,
  batchSize: 128,
  epochs: 160,
  learningRate: 0.1,
  lrSchedule: 'multistep',
  gamma: 0.1,
  warmupEpochs: 0,
  optimizer: 'sgd',
  momentum: 0.9,
  nesterov: false,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weightDecay: 1e-4,
  labelSmoothing: 0,
  convBias: false,
  augment: 'standard',
  shuffle: true,
  seed: 0,
  logEvery: 10,
};

/** Minutes on two processor cores. */
const MNIST: RunConfig = {
  ...CIFAR,
  model: 'lenet5',
  dataSet: 'mnist',
  dropRule: 'column-norm',
  batchSize: 64,
  epochs: 3,
  learningRate: 0.05,
  updateInterval: 25,
  augment: 'none',
};

/** The method's recipe for ImageNet and Tiny-ImageNet. */
const IMAGENET: RunConfig = {
  ...CIFAR,
  model: 'ResNet-50',
  dataSet: 'imagenet',
  batchSize: 256,
  epochs: 105,
  milestones: [30, 70, 90],
  warmupEpochs: 5,
  labelSmoothing: 0.1,
  updateInterval: 800,
};

/** The recipe for a data set: what flags that are not given fall back to. */
export function defaultConfig(dataSet: string, compat?: RunConfig['compat']): RunConfig {
  const recipes: Record<string, RunConfig> = {
    mnist: MNIST,
    cifar10: CIFAR,
    cifar100: { ...CIFAR, dataSet: 'cifar100' },
    imagenet: IMAGENET,
    tinyimagenet: { ...IMAGENET, dataSet: 'tinyimagenet' },
    folder: { ...IMAGENET, dataSet: 'folder' },
  };
  const key = dataSet.toLowerCase().replaceAll('-', '');
  const recipe = Object.hasOwn(recipes, key) ? recipes[key] : { ...CIFAR, dataSet };
  return compat === 'original' ? { ...recipe, ...ORIGINAL_DEFAULTS } : recipe;
}

/** The words that these values may be. */
const WORDS = {
  distribution: ['erk', 'er', 'uniform'],
  dropRule: Object.keys(dropRules) as DropRuleName[],
  updateSchedule: ['cosine', 'constant', 'inverse-power'],
  augment: ['none', 'standard'],
} as const satisfies Partial<{ [Name in keyof RunConfig]: readonly RunConfig[Name][] }>;

/** @throws InputError on the first value out of its range. */
export function checkConfig(config: RunConfig): RunConfig {
  checkMethod(config);
  checkRecipe(config);
  const { sparsity, blockSize } = config;
  if (config.method !== 'dense' && !(sparsity >= 0 && sparsity < 1)) fail('sparsity', 'a number in [0, 1)', sparsity);
  if (!Number.isInteger(blockSize) || blockSize < 4) fail('block size', 'a whole number of at least 4', blockSize);
  for (const [name, words] of Object.entries(WORDS)) {
    const word = config[name as keyof typeof WORDS];
    if (!(words as readonly string[]).includes(word)) fail(spaced(name), words.join(' | '), `'${word}'`);
  }
  const { brokenImages = 'stop', precision = 'f32' } = config;
  if (!PRECISIONS.includes(precision)) fail('precision', PRECISIONS.join(' | '), `'${precision}'`);
  if (brokenImages !== 'stop' && brokenImages !== 'skip') fail('broken images', 'stop | skip', `'${brokenImages}'`);
  for (const name of ['batchSize', 'epochs', 'logEvery'] as const) positive(name, config[name]);
  for (const name of ['validation', 'limitTrain', 'limitTest', 'maxSteps', 'imageSize'] as const) {
    if (config[name] !== undefined) positive(name, config[name]);
  }
  if (!(config.alpha >= 0 && config.alpha <= 1)) fail('alpha', 'a number in [0, 1]', config.alpha);
  if (!Number.isInteger(config.seed) || config.seed < 0 || config.seed >= 2 ** 32) {
    fail('seed', 'a whole number in [0, 2^32)', config.seed);
  }
  return config;
}
