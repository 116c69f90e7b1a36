// shuffleblock bench kernels: times every pass of some layers, dense against shuffled-block.

import type { Command } from 'commander';
import { type AdapterChoice, InputError } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { checkPrecision, PRECISIONS } from '../../train/index.js';
import {
  addAdapterOption,
  choice,
  type MatrixUnitsFlag,
  matrixUnitsOption,
  number,
  numbers,
  openCommandDevice,
} from '../options.js';
import { startProgress } from '../progress.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { kernelTable } from './kernel_table.js';
import { benchKernels, type KernelRow } from './kernels.js';
import { BENCH_LAYERS, layersNamed, SHORT_LAYERS, withBatch } from './layers.js';
import { describePeaks, measurePeaks } from './peak.js';

interface KernelsFlags {
  readonly json?: string;
  readonly all?: boolean;
  readonly layers?: string;
  readonly sparsity?: number[];
  readonly blockSize?: number[];
  readonly batchSize?: number;
  readonly precision: ActivationType;
  readonly matrixUnits: MatrixUnitsFlag;
  readonly minutes: number;
  readonly adapter: AdapterChoice;
}

/** What `--all` stands for, beside all layers. */
const ALL_SPARSITIES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98];
const ALL_BLOCK_SIZES = [8, 16, 32];

export function addKernelsCommand(bench: Command): void {
  const command = bench
    .command('kernels')
    .description(
      'Forward, gradInput and gradWeight of real layers, dense against shuffled blocks: medians, rates, speed-ups.',
    )
    .option('--sparsity <list>', 'separated by commas (default: 0.5,0.8,0.9)', numbers('--sparsity'))
    .option('--block-size <list>', 'separated by commas (default: 16)', numbers('--block-size'))
    .option('--layers <filter>', 'all layers whose name contains it (default: five that stand for the others)')
    .option('--all', `the whole grid: all layers, sparsities ${ALL_SPARSITIES}, blocks of ${ALL_BLOCK_SIZES}`)
    .option(
      '--batch-size <n>',
      "of all layers but matrix products (default: each layer's own, on GPUs four times that)",
      number('--batch-size'),
    )
    .addOption(choice('--precision <type>', 'of activations and gradients', PRECISIONS).default('f32'))
    .addOption(matrixUnitsOption())
    .option('--minutes <m>', 'time for the whole run; every variant gets at least three rounds', number('--minutes'), 1)
    .addHelpText('after', `\nLayers: ${BENCH_LAYERS.map(({ name }) => name).join(', ')}.`);
  addAdapterOption(addJsonOption(command)).action(kernelsCommand);
}

async function kernelsCommand(flags: KernelsFlags): Promise<void> {
  checkFlags(flags);
  const { all, json, minutes } = flags;
  const { sparsity = all ? ALL_SPARSITIES : undefined, blockSize = all ? ALL_BLOCK_SIZES : undefined } = flags;
  const chosen = chosenLayers(flags);
  const { precision } = flags;
  const device = await openCommandDevice(flags.adapter, precision, flags.matrixUnits);
  try {
    checkPrecision(device, precision);
    console.log(device.report());
    const layers = withBatch(chosen, device, flags.batchSize);
    const peaks = await measurePeaks(device);
    console.log(`${describePeaks(peaks)}\n`);
    const rows: KernelRow[] = [];
    const progress = startProgress(layers.length, 'layers');
    const onLayer = async (own: readonly KernelRow[]) => {
      rows.push(...own);
      progress.log(`${kernelTable(own)}\n`);
      await saveJson(json, rows);
    };
    const options = {
      layers,
      sparsities: sparsity,
      blockSizes: blockSize,
      precision,
      budgetSeconds: minutes * 60,
      peaks,
      onLayer,
    };
    try {
      await benchKernels(device, options, progress.update);
    } finally {
      progress.stop();
    }
    if (json !== undefined) console.log(`saved ${json}`);
  } finally {
    device.destroy();
  }
}

function chosenLayers({ all, layers: filter }: KernelsFlags) {
  if (filter !== undefined) return layersNamed(filter);
  return all ? BENCH_LAYERS : SHORT_LAYERS;
}

function checkFlags({ sparsity = [], blockSize = [], batchSize = 1, minutes, json }: KernelsFlags): void {
  checkMinutes(minutes);
  for (const value of sparsity) {
    if (!(value > 0 && value < 1)) throw new InputError(`--sparsity: expected numbers in (0, 1), got ${value}`);
  }
  for (const value of blockSize) {
    if (!(Number.isInteger(value) && value >= 4)) {
      throw new InputError(`--block-size: expected whole numbers of at least 4, got ${value}`);
    }
  }
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new InputError(`--batch-size: expected a positive whole number, got ${batchSize}`);
  }
  checkJsonPath(json);
}

export function checkMinutes(minutes: number): void {
  if (!(minutes > 0)) throw new InputError(`--minutes: expected a positive number, got ${minutes}`);
}
