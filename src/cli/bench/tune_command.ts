// shuffleblock bench tune: measures the tilings of networks' operations, or shows what was measured.

import type { Command } from 'commander';
import { mergeTilings, type TunedOperation } from '../../train/index.js';
import { tilingsFiles } from '../../train/index.node.js';
import { addAdapterOption, number } from '../options.js';
import { describeTuning, tune } from '../train/autotune.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { aligned } from './kernel_table.js';
import { checkMinutes } from './kernels_command.js';
import { trainerOfVariant } from './step_training.js';
import { addVariantOptions, openVariantsDevice, type VariantFlags, variantsOf } from './variant_flags.js';

interface TuneFlags extends VariantFlags {
  readonly show: boolean;
  readonly minutes: number;
  readonly json?: string;
}

export function addTuneCommand(bench: Command): void {
  const command = bench
    .command('tune')
    .description(
      "Measures how the operations of networks' training steps are best tiled on this adapter, and keeps it for trainings.",
    )
    .option('--show', 'show what was measured on this adapter, and measure nothing', false);
  addVariantOptions(command, ['wrn-22-2']).option(
    '--minutes <m>',
    'time for the whole run; what is measured until then is kept',
    number('--minutes'),
    5,
  );
  addAdapterOption(addJsonOption(command)).action(tuneCommand);
}

async function tuneCommand(flags: TuneFlags): Promise<void> {
  checkMinutes(flags.minutes);
  checkJsonPath(flags.json);
  variantsOf(flags); // What cannot be is refused before a device is opened.
  const store = tilingsFiles();
  const device = await openVariantsDevice(flags);
  const variants = variantsOf(flags, device.info.isSoftware).flat();
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
      operations = mergeTilings(await store.load(adapter), measured);
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
