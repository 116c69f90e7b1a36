// shuffleblock bench step: times whole training steps of some networks by each method.

import type { Command } from 'commander';
import { DeviceMemoryError } from '../../device/index.js';
import { addAdapterOption, number } from '../options.js';
import { startProgress } from '../progress.js';
import { describeTilings, useKnownTilings } from '../train/autotune.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { checkMinutes } from './kernels_command.js';
import { benchSteps, type StepRow } from './step.js';
import { stepTable } from './step_table.js';
import type { StepVariant } from './step_variants.js';
import { addVariantOptions, openVariantsDevice, type VariantFlags, variantsOf } from './variant_flags.js';

interface StepFlags extends VariantFlags {
  readonly json?: string;
  readonly record: boolean;
  readonly minutes: number;
}

const MODELS = ['lenet5', 'wrn-22-2'];

export function addStepCommand(bench: Command): void {
  const command = bench
    .command('step')
    .description('Whole training steps on random images, by each method; topology updates count as their share.');
  addVariantOptions(command, MODELS)
    .option('--T <n>', "steps between topology updates (default: the recipe's)", number('--T'))
    .option('--no-record', 'run the commands of every step as they come')
    .option('--minutes <m>', 'time for the whole run; all get at least three rounds', number('--minutes'), 2);
  addAdapterOption(addJsonOption(command)).action(stepCommand);
}

async function stepCommand(flags: StepFlags): Promise<void> {
  const { json, record, minutes } = flags;
  checkMinutes(minutes);
  checkJsonPath(json);
  variantsOf(flags); // What cannot be is refused before a device is opened.
  const device = await openVariantsDevice(flags);
  const comparisons = variantsOf(flags, device.info.isSoftware);
  const rows: StepRow[] = [];
  const progress = startProgress(comparisons.length, 'models');
  const end = performance.now() + minutes * 60_000;
  try {
    const tilings = await useKnownTilings(device);
    progress.log([device.report(), ...(tilings > 0 ? [describeTilings(tilings)] : []), ''].join('\n'));
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
