// shuffleblock bench: the benchmarks, each a room in bench/.

import type { Command } from 'commander';
import { addDataBenchCommand } from './data_command.js';
import { addKernelsCommand } from './kernels_command.js';
import { addPeakCommand } from './peak_command.js';
import { addStepCommand } from './step_command.js';
import { addTuneCommand } from './tune_command.js';

export function addBenchCommand(root: Command): void {
  const bench = root.command('bench').description('Benchmarks.');
  addPeakCommand(bench);
  addKernelsCommand(bench);
  addStepCommand(bench);
  addDataBenchCommand(bench);
  addTuneCommand(bench);
}
