// The flags that say which training steps a benchmark takes.

import type { Command } from 'commander';
import { type AdapterChoice, type Device, InputError } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { checkPrecision, METHOD_NAMES, type MethodName, methodNamed, PRECISIONS } from '../../train/index.js';
import { list, type MatrixUnitsFlag, matrixUnitsOption, number, numbers, openCommandDevice } from '../options.js';
import { STEP_METHODS, type StepVariant, stepVariants } from './step_variants.js';

export interface VariantFlags {
  readonly models: string[];
  readonly methods?: MethodName[];
  readonly sparsity?: number[];
  readonly blockSize?: number[];
  readonly precision?: ActivationType[];
  readonly batchSize?: number;
  readonly T?: number;
  readonly dataSet?: string;
  readonly imageSize?: number;
  readonly adapter: AdapterChoice;
  readonly matrixUnits: MatrixUnitsFlag;
}

/** Declares the flags. @param models without `--models`. */
export function addVariantOptions(command: Command, models: readonly string[]): Command {
  return command
    .option('--models <list>', 'separated by commas: lenet5, wrn-22-2, vgg-d, resnet-50, ...', names('--models'), [
      ...models,
    ])
    .option('--methods <list>', `of ${METHOD_NAMES.join(', ')} (default: ${STEP_METHODS})`, methods)
    .option('--sparsity <list>', 'of all methods but dense (default: 0.9)', numbers('--sparsity'))
    .option('--block-size <list>', 'of dsb and ssb (default: 16)', numbers('--block-size'))
    .option('--precision <list>', `of ${PRECISIONS.join(', ')} (default: f32)`, precisionList)
    .addOption(matrixUnitsOption())
    .option(
      '--batch-size <n>',
      "images a step (default: the recipe's, on software adapters 32, mnist 64)",
      number('--batch-size'),
    )
    .option('--data-set <name>', 'shape of the images (default: lenet mnist, ResNet tinyimagenet, else cifar10)')
    .option('--image-size <n>', "height and width of the images (default: the data set's)", number('--image-size'));
}

/**
 * The variants of each model, with the batches that suit a kind of adapter; which it is does not matter to whether they can be.
 * @throws InputError on what no training could be.
 */
export function variantsOf(flags: VariantFlags, isSoftware = true): StepVariant[][] {
  const { models, methods, sparsity: sparsities, blockSize: blockSizes, precision: precisions } = flags;
  const { T: updateInterval, batchSize, dataSet, imageSize } = flags;
  const images = { batchSize, isSoftware, dataSet, imageSize };
  const options = { methods, sparsities, blockSizes, precisions, updateInterval, ...images };
  return models.map((model) => stepVariants(model, options));
}

/** @throws InputError if the adapter lacks a precision that is asked for. */
export async function openVariantsDevice({ adapter, precision = [], matrixUnits }: VariantFlags): Promise<Device> {
  const device = await openCommandDevice(adapter, precision.includes('f16') ? 'f16' : 'f32', matrixUnits);
  try {
    for (const one of precision) checkPrecision(device, one);
  } catch (error) {
    device.destroy();
    throw error;
  }
  return device;
}

/** A parser of names separated by commas, at least one, for the flag `flag`. */
function names(flag: string): (text: string) => string[] {
  return (text) => {
    const found = list(text);
    if (found.length === 0) throw new InputError(`${flag}: expected names separated by commas, got '${text}'`);
    return found;
  };
}

function methods(text: string): MethodName[] {
  const found = names('--methods')(text);
  for (const name of found) methodNamed(name);
  return found as MethodName[];
}

function precisionList(text: string): ActivationType[] {
  const found = names('--precision')(text);
  const unknown = found.find((name) => !(PRECISIONS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new InputError(`--precision: expected ${PRECISIONS.join(', ')}, separated by commas, got '${unknown}'`);
  }
  return found as ActivationType[];
}
