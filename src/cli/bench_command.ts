// shuffleblock bench kernels: times every pass of some layers, dense against shuffled-block.

import type { Command } from 'commander';
import { InputError } from '../device/index.js';
import { writeFileAtomically } from '../train/atomic_write.node.js';
import { BENCH_LAYERS, benchKernels, kernelTimingsJson, kernelTimingsTable } from './bench_kernels.js';
import { type AdapterFlag, addAdapterOption, number, numbers, openCommandDevice } from './options.js';

export interface BenchKernelsFlags {
  readonly json?: string;
  readonly sparsity?: number[];
  readonly blockSize?: number[];
  readonly layers?: string;
  readonly minutes: number;
  readonly adapter: AdapterFlag;
}

export function addBenchCommand(root: Command): void {
  const bench = root.command('bench').description('Benchmarks.');
  const kernels = bench
    .command('kernels')
    .description(
      'Forward, gradInput and gradWeight of 3x3 layers, dense against shuffled blocks: medians and speed-ups.',
    )
    .option('--json <file>', 'also write the medians to a file')
    .option('--sparsity <list>', 'separated by commas (default: 0.5,0.8,0.9)', numbers('--sparsity'))
    .option('--block-size <list>', 'separated by commas (default: 16)', numbers('--block-size'))
    .option(
      '--layers <filter>',
      `only layers whose name contains it: ${BENCH_LAYERS.map(({ name }) => name).join(', ')}`,
    )
    .option(
      '--minutes <m>',
      'time for the whole run; every variant gets at least three rounds',
      number('--minutes'),
      1,
    );
  addAdapterOption(kernels).action(benchKernelsCommand);
}

export async function benchKernelsCommand(flags: BenchKernelsFlags): Promise<void> {
  const { sparsity: sparsities, blockSize: blockSizes, layers: filter, minutes } = checkFlags(flags);
  const device = await openCommandDevice(flags.adapter);
  try {
    console.log(`${device.report()}\n`);
    const options = { sparsities, blockSizes, filter, budgetSeconds: minutes * 60 };
    const timings = await benchKernels(device, options, (line) => console.error(line));
    console.log(kernelTimingsTable(timings));
    if (flags.json !== undefined) {
      await writeFileAtomically(flags.json, `${JSON.stringify(kernelTimingsJson(timings), null, 2)}\n`);
      console.log(`\nsaved ${flags.json}`);
    }
  } finally {
    device.destroy();
  }
}

function checkFlags(flags: BenchKernelsFlags): BenchKernelsFlags {
  const { sparsity = [], blockSize = [], minutes } = flags;
  if (!(minutes > 0)) throw new InputError(`--minutes: expected a positive number, got ${minutes}`);
  for (const value of sparsity) {
    if (!(value > 0 && value < 1)) throw new InputError(`--sparsity: expected numbers in (0, 1), got ${value}`);
  }
  for (const value of blockSize) {
    if (!(Number.isInteger(value) && value >= 4)) {
      throw new InputError(`--block-size: expected whole numbers of at least 4, got ${value}`);
    }
  }
  return flags;
}
