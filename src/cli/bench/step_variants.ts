// What `bench step` compares: a model by each method, at each sparsity and block size that the method knows.

import { type DatasetInfo, datasetInfo } from '../../data/index.js';
import { InputError } from '../../device/index.js';
import { checkModelName } from '../../models/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { checkConfig, defaultConfig, type MethodName, methodNamed, type RunConfig } from '../../train/index.js';

export interface StepVariant {
  readonly config: RunConfig;
  /** Of the images. */
  readonly info: DatasetInfo;
}

export interface StepVariantOptions {
  readonly methods?: readonly MethodName[];
  /** Of all methods but `dense`. */
  readonly sparsities?: readonly number[];
  /** Of `dsb` and `ssb`. */
  readonly blockSizes?: readonly number[];
  /** Default f32. */
  readonly precisions?: readonly ActivationType[];
  /** If not given, the recipe's on a GPU, on a software adapter 32 but for mnist. */
  readonly batchSize?: number;
  /** Default true: a recipe's batch on two processor cores would take minutes a step. */
  readonly isSoftware?: boolean;
  /** T; that of the data set's recipe if not given. */
  readonly updateInterval?: number;
  /** Whose images' shape and whose recipe; see `dataSetOf` for what it is if not given. */
  readonly dataSet?: string;
  readonly imageSize?: number;
}

export const STEP_METHODS: readonly MethodName[] = ['dense', 'ssb', 'dsb', 'rigl'];

/** What one trains such a network on: digits, small images, or those of Tiny-ImageNet. */
function dataSetOf(model: string): string {
  if (/^lenet/i.test(model)) return 'mnist';
  return /^resnet/i.test(model) ? 'tinyimagenet' : 'cifar10';
}

const SOFTWARE_BATCH = 32;
/** Random labels teach nothing; a small rate keeps what is learnt of them finite. */
const LEARNING_RATE = 1e-3;

/** By precision; dense first, if it is asked for. @throws InputError on what no training could be. */
export function stepVariants(model: string, options: StepVariantOptions = {}): StepVariant[] {
  checkModelName(model);
  const { methods = STEP_METHODS, sparsities = [0.9], blockSizes = [16], dataSet = dataSetOf(model) } = options;
  const { imageSize, precisions = ['f32'], isSoftware = true } = options;
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize > 0)) {
    throw new InputError(`image size: expected a positive whole number, got ${imageSize}`);
  }
  const own = datasetInfo(dataSet);
  const info = { ...own, height: imageSize ?? own.height, width: imageSize ?? own.width };
  const recipe = defaultConfig(dataSet);
  const isUsual = own.name === 'mnist' || !isSoftware;
  const { batchSize = isUsual ? recipe.batchSize : SOFTWARE_BATCH, updateInterval = recipe.updateInterval } = options;
  const base = { ...recipe, model, batchSize, updateInterval, learningRate: LEARNING_RATE };
  const sorted = [...new Set(methods)].sort((a, b) => Number(b === 'dense') - Number(a === 'dense'));
  return precisions.flatMap((precision) =>
    sorted.flatMap((method) =>
      (method === 'dense' ? [0] : sparsities).flatMap((sparsity) =>
        (hasBlocks(method) ? blockSizes : [recipe.blockSize]).map((blockSize) => ({
          config: checkConfig({ ...base, method, sparsity, blockSize, precision }),
          info,
        })),
      ),
    ),
  );
}

/** Whether block sizes make a difference to it: a layer that takes blocks must have the columns for one. */
export function hasBlocks(method: MethodName): boolean {
  return methodNamed(method).form?.(16).leastColumns === 16;
}
