// shuffleblock battery: does everything work on this machine's GPU, and how well? Writes battery.json and battery.md as it goes.

import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type AdapterChoice, InputError } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';
import { addAdapterOption, F16_TOGGLES, number } from '../options.js';
import { adapterPart } from './adapter_part.js';
import { type BatteryRecord, exitCodeOf, runBattery } from './battery.js';
import { benchPart } from './bench_part.js';
import { kernelTestsPart } from './kernel_tests_part.js';
import { stepPart } from './step_part.js';
import { batterySummary } from './summary.js';
import { LENET, trainingPart, WIDE_RESNET } from './training_part.js';

export interface BatteryFlags {
  readonly out: string;
  readonly minutes: number;
  readonly adapter: AdapterChoice;
  readonly f16OnNvidia: boolean;
}

export function addBatteryCommand(root: Command): void {
  const command = root
    .command('battery')
    .description('Run everything on this machine: adapter report, kernel tests, benchmarks, short trainings.')
    .option('--out <dir>', 'folder of battery.json and battery.md, which are replaced if they are there', 'battery-out')
    .option('--minutes <m>', 'time allowed; parts that do not fit are left out', number('--minutes'), 10)
    .option('--no-f16-on-nvidia', "leave half precision out where Dawn does not offer it of itself: on NVIDIA's GPUs")
    .addHelpText('after', '\nExit code: 0 if every part that ran passed, 1 if not, 2 on bad input.');
  addAdapterOption(command).action(batteryCommand);
}

export async function batteryCommand({ out, minutes, adapter, f16OnNvidia }: BatteryFlags): Promise<void> {
  if (!(minutes > 0)) throw new InputError(`--minutes: expected a positive number, got ${minutes}`);
  prepareFolder(out);
  const asked = { adapter, dawnToggles: f16OnNvidia ? F16_TOGGLES : undefined };
  const parts = [
    adapterPart(adapter),
    kernelTestsPart(asked),
    benchPart(asked),
    stepPart(asked),
    trainingPart(adapter, LENET),
    trainingPart(adapter, WIDE_RESNET),
  ];
  const save = async (record: BatteryRecord) => {
    await writeFileAtomically(join(out, 'battery.json'), `${JSON.stringify(record, null, 2)}\n`);
    await writeFileAtomically(join(out, 'battery.md'), batterySummary(record, parts));
  };
  const quoted = process.argv.slice(2).map((word) => (/^[\w./:=,-]+$/.test(word) ? word : JSON.stringify(word)));
  const command = ['shuffleblock', ...quoted].join(' ');
  const record = await runBattery(parts, { command, minutes, save, log: (line) => console.error(line) });
  console.log(`saved ${join(out, 'battery.json')} and ${join(out, 'battery.md')}`);
  process.exitCode = exitCodeOf(record);
}

function prepareFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new InputError(`--out ${path}: expected a folder that can be written, got ${(error as Error).message}`);
  }
}
