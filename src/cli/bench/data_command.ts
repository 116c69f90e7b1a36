// shuffleblock bench data: how fast batches of images come about.

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { loadDataset } from '../../data/index.node.js';
import { type AdapterChoice, InputError } from '../../device/index.js';
import { checkModelName } from '../../models/index.js';
import { addAdapterOption, number, openCommandDevice } from '../options.js';
import { startProgress } from '../progress.js';
import { benchData, type DataRow } from './data.js';
import { dataTable } from './data_table.js';
import { addJsonOption, checkJsonPath, saveJson } from './json_rows.js';
import { checkMinutes } from './kernels_command.js';

interface DataFlags {
  readonly json?: string;
  readonly dataDir?: string;
  readonly imageSize: number;
  readonly workers?: number;
  readonly images: number;
  readonly model: string;
  readonly batchSize: number;
  readonly minutes: number;
  readonly adapter: AdapterChoice;
}

export function addDataBenchCommand(bench: Command): void {
  const command = bench
    .command('data')
    .description('How fast batches come about: small images, image files against sharp alone, a batch against a step.')
    .option('--data-dir <dir>', 'folder with train/CLASS/*.jpg (default: image files are left out)')
    .option('--image-size <n>', 'height and width that image files are brought to', number('--image-size'), 224)
    .option('--workers <n>', 'image files decoded at the same time (default: cores)', number('--workers'))
    .option('--images <n>', "random images of CIFAR's shape", number('--images'), 50_000)
    .option('--model <name>', 'whose step a batch on the GPU is compared with', 'wrn-22-2')
    .option('--batch-size <n>', 'images a batch', number('--batch-size'), 32)
    .option('--minutes <m>', 'time for the whole run; all get at least three rounds', number('--minutes'), 2);
  addAdapterOption(addJsonOption(command)).action(dataBenchCommand);
}

async function dataBenchCommand(flags: DataFlags): Promise<void> {
  const {
    json,
    dataDir,
    imageSize,
    workers: threads = availableParallelism(),
    images,
    model,
    batchSize,
    minutes,
  } = flags;
  whole('--batch-size', batchSize);
  whole('--images', images, batchSize);
  whole('--workers', threads);
  checkMinutes(minutes);
  checkModelName(model);
  checkJsonPath(json);
  const files = dataDir === undefined ? undefined : await openFiles(dataDir, imageSize, threads);
  const device = await openCommandDevice(flags.adapter);
  const rows: DataRow[] = [];
  const progress = startProgress(files ? 3 : 2, 'tasks');
  let done = 0;
  const report = (note: string) => progress.update(done, note);
  const onRows = async (own: readonly DataRow[]) => {
    rows.push(...own);
    done++;
    await saveJson(json, rows);
  };
  try {
    progress.log(`${device.report()}\n`);
    if (!files) progress.log('image files are left out: no --data-dir\n');
    const options = { files, images, model, batchSize, seconds: 60 * minutes, report, onRows };
    await benchData(device, options);
  } finally {
    progress.stop();
    device.destroy();
  }
  console.log(dataTable(rows));
  if (json !== undefined) console.log(`saved ${json}`);
}

async function openFiles(dir: string, imageSize: number, threads: number) {
  const dataset = await loadDataset('folder', { dir, imageSize, workers: threads, parts: ['train'] });
  return { dir, dataset, threads };
}

function whole(flag: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new InputError(`${flag}: expected a whole number of at least ${least}, got ${value}`);
}
