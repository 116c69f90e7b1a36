// shuffleblock bench: the benchmarks, each a room in bench/.

import type { Command } from 'commander';
import { addDataBenchCommand } from './bench/data_command.js';
import { addKernelsCommand } from './bench/kernels_command.js';
import { addPeakCommand } from './bench/peak_command.js';
import { addStepCommand } from './bench/step_command.js';
import { addTuneCommand } from './bench/tune_command.js';

export function addBenchCommand(root: Command): void {
  const bench = root.command('bench').description('Benchmarks.');
  addPeakCommand(bench);
  addKernelsCommand(bench);
  addStepCommand(bench);
  addDataBenchCommand(bench);
  addTuneCommand(bench);
}
