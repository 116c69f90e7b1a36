// shuffleblock bench tune: measures the tilings of networks' operations, or shows what was measured.

import type { Command } from 'commander';
import { METHOD_NAMES, type MethodName, mergeTilings, type TunedOperation } from '../../train/index.js';
import { tilingsFiles } from '../../train/index.node.js';
import { describeTuning, tune } from '../autotune.js';
import { type AdapterFlag, addAdapterOption, number, numbers, openCommandDevice } from '../options.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { aligned } from './kernel_table.js';
import { checkMinutes } from './kernels_command.js';
import { methods, names } from './step_command.js';
import { trainerOfVariant } from './step_training.js';
import { STEP_METHODS, stepVariants } from './step_variants.js';

interface TuneFlags {
  readonly show: boolean;
  readonly models: string[];
  readonly methods?: MethodName[];
  readonly sparsity?: number[];
  readonly blockSize?: number[];
  readonly batchSize?: number;
  readonly imageSize?: number;
  readonly dataSet?: string;
  readonly minutes: number;
  readonly json?: string;
  readonly adapter: AdapterFlag;
}

export function addTuneCommand(bench: Command): void {
  const command = bench
    .command('tune')
    .description(
      "Measures how the operations of networks' training steps are best tiled on this adapter, and keeps it for trainings.",
    )
    .option('--show', 'show what was measured on this adapter, and measure nothing', false)
    .option('--models <list>', 'separated by commas', names('--models'), ['wrn-22-2'])
    .option('--methods <list>', `of ${METHOD_NAMES.join(', ')} (default: ${STEP_METHODS})`, methods)
    .option('--sparsity <list>', 'of all methods but dense (default: 0.9)', numbers('--sparsity'))
    .option('--block-size <list>', 'of dsb and ssb (default: 16)', numbers('--block-size'))
    .option('--batch-size <n>', 'images a step (default: mnist 64, else 32)', number('--batch-size'))
    .option('--data-set <name>', 'shape of the images (default: lenet mnist, ResNet tinyimagenet, else cifar10)')
    .option('--image-size <n>', "height and width of the images (default: the data set's)", number('--image-size'))
    .option('--minutes <m>', 'time for the whole run; what is measured until then is kept', number('--minutes'), 5);
  addAdapterOption(addJsonOption(command)).action(tuneCommand);
}

async function tuneCommand(flags: TuneFlags): Promise<void> {
  const { models, methods, sparsity: sparsities, blockSize: blockSizes, batchSize, dataSet, imageSize } = flags;
  checkMinutes(flags.minutes);
  checkJsonPath(flags.json);
  const options = { methods, sparsities, blockSizes, batchSize, dataSet, imageSize };
  const variants = models.flatMap((model) => stepVariants(model, options));
  const store = tilingsFiles();
  const device = await openCommandDevice(flags.adapter);
  const adapter = device.info.description;
  const end = performance.now() + flags.minutes * 60_000;
  try {
    let operations = await store.load(adapter);
    for (const [done, variant] of flags.show ? [] : variants.entries()) {
      const seconds = (end - performance.now()) / 1000 / (variants.length - done);
      const trainer = await trainerOfVariant(device, variant);
      const measured = await tune(trainer, seconds);
      trainer.dispose();
      const { model, method, sparsity } = variant.config;
      console.log(`${model}, ${method}${method === 'dense' ? '' : ` ${sparsity}`}: ${describeTuning(measured)}`);
      operations = mergeTilings(operations, measured);
      await store.save(adapter, operations);
    }
    console.log(operations.length > 0 ? `\n${tilingsTable(operations)}\n` : `nothing was measured on ${adapter} yet`);
    console.log(`${flags.show ? 'kept in' : 'saved'} ${store.pathOf(adapter)}`);
    await saveJson(flags.json, operations);
  } finally {
    device.destroy();
  }
}

const HEADER = ['operation', 'tiling', 'usual ms', 'ms', 'gain'];
/** Columns that hold words. */
const WORDS = 2;

export function tilingsTable(operations: readonly TunedOperation[]): string {
  const lines = operations.map(({ key, tiles, ms, usualMs }) => [
    key,
    ms < usualMs
      ? Object.entries(tiles)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')
      : 'by rule',
    usualMs.toFixed(3),
    ms.toFixed(3),
    `${(usualMs / ms).toFixed(2)}x`,
  ]);
  return aligned([HEADER, ...lines], WORDS).join('\n');
}
