// shuffleblock bench step: times whole training steps of some networks by each method.

import type { Command } from 'commander';
import { DeviceMemoryError, InputError } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { checkPrecision, METHOD_NAMES, type MethodName, methodNamed, PRECISIONS } from '../../train/index.js';
import { type AdapterFlag, addAdapterOption, list, number, numbers, openCommandDevice } from '../options.js';
import { startProgress } from '../progress.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { checkMinutes } from './kernels_command.js';
import { benchSteps, type StepRow } from './step.js';
import { stepTable } from './step_table.js';
import { STEP_METHODS, type StepVariant, stepVariants } from './step_variants.js';

interface StepFlags {
  readonly json?: string;
  readonly models: string[];
  readonly methods?: MethodName[];
  readonly sparsity?: number[];
  readonly blockSize?: number[];
  readonly precision?: ActivationType[];
  readonly batchSize?: number;
  readonly T?: number;
  readonly dataSet?: string;
  readonly imageSize?: number;
  readonly record: boolean;
  readonly minutes: number;
  readonly adapter: AdapterFlag;
}

const MODELS = ['lenet5', 'wrn-22-2'];

export function addStepCommand(bench: Command): void {
  const command = bench
    .command('step')
    .description('Whole training steps on random images, by each method; topology updates count as their share.')
    .option(
      '--models <list>',
      'separated by commas: lenet5, wrn-22-2, vgg-d, resnet-50, ...',
      names('--models'),
      MODELS,
    )
    .option('--methods <list>', `of ${METHOD_NAMES.join(', ')} (default: ${STEP_METHODS})`, methods)
    .option('--sparsity <list>', 'of all methods but dense (default: 0.9)', numbers('--sparsity'))
    .option('--block-size <list>', 'of dsb and ssb (default: 16)', numbers('--block-size'))
    .option('--precision <list>', `of ${PRECISIONS.join(', ')} (default: f32)`, precisionList)
    .option('--batch-size <n>', 'images a step (default: mnist 64, else 32)', number('--batch-size'))
    .option('--T <n>', "steps between topology updates (default: the recipe's)", number('--T'))
    .option('--data-set <name>', 'shape of the images (default: lenet mnist, ResNet tinyimagenet, else cifar10)')
    .option('--image-size <n>', "height and width of the images (default: the data set's)", number('--image-size'))
    .option('--no-record', 'run the commands of every step as they come')
    .option('--minutes <m>', 'time for the whole run; all get at least three rounds', number('--minutes'), 2);
  addAdapterOption(addJsonOption(command)).action(stepCommand);
}

/** A parser of names separated by commas, at least one, for the flag `flag`. */
export function names(flag: string): (text: string) => string[] {
  return (text) => {
    const found = list(text);
    if (found.length === 0) throw new InputError(`${flag}: expected names separated by commas, got '${text}'`);
    return found;
  };
}

export function methods(text: string): MethodName[] {
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

async function stepCommand(flags: StepFlags): Promise<void> {
  const { json, models, methods, sparsity: sparsities, blockSize: blockSizes, precision: precisions } = flags;
  const { T: updateInterval, batchSize, dataSet, imageSize, record, minutes } = flags;
  checkMinutes(minutes);
  checkJsonPath(json);
  const options = { methods, sparsities, blockSizes, precisions, batchSize, updateInterval, dataSet, imageSize };
  const comparisons = models.map((model) => stepVariants(model, options));
  const device = await openCommandDevice(flags.adapter, precisions?.includes('f16') ? 'f16' : 'f32');
  const rows: StepRow[] = [];
  try {
    for (const precision of precisions ?? []) checkPrecision(device, precision);
  } catch (error) {
    device.destroy();
    throw error;
  }
  const progress = startProgress(comparisons.length, 'models');
  const end = performance.now() + minutes * 60_000;
  try {
    progress.log(`${device.report()}\n`);
    for (const [done, variants] of comparisons.entries()) {
      const seconds = (end - performance.now()) / 1000 / (comparisons.length - done);
      const report = (note: string) => progress.update(done, note);
      const own = await benchSteps(device, variants, { seconds, record, report }).catch((error) => {
        if (!(error instanceof DeviceMemoryError) || comparisons.length === 1) throw error;
        return doesNotFit(variants, error);
      });
      rows.push(...own);
      if (own.length > 0) progress.log(`${stepTable(own)}\n`);
      await saveJson(json, rows);
    }
  } finally {
    progress.stop();
    device.destroy();
  }
  if (json !== undefined) console.log(`saved ${json}`);
}

/** Other models may fit. */
function doesNotFit([{ config }]: readonly StepVariant[], { message }: Error): StepRow[] {
  console.error(`${config.model}: not timed: ${message}; a smaller --batch-size may fit`);
  process.exitCode = 1;
  return [];
}
