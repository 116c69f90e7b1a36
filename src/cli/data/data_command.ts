// shuffleblock data fetch, check, stats, preview: a data set is brought, and looked at, before training on it.

import type { Command } from 'commander';
import {
  type AnyDataset,
  type DatasetInfo,
  datasetInfo,
  FETCHABLE_NAMES,
  fetchDataset,
  MNIST,
  type SplitStatistics,
  splitStatistics,
} from '../../data/index.node.js';
import { InputError } from '../../device/index.js';
import { addAdapterOption, choice, number } from '../options.js';
import { startProgress } from '../progress.js';
import {
  addDataOptions,
  addImageSizeOption,
  type DataFlags,
  describeData,
  loadData,
  showFetching,
} from './data_options.js';
import { type PreviewFlags, previewCommand } from './data_preview.js';

/** The classes of a larger data set are summed up in one line. */
const MOST_CLASS_LINES = 20;

export function addDataCommand(root: Command): void {
  const data = root.command('data').description('Brings or looks at a data set.');
  data
    .command('fetch')
    .description('Downloads the official files of a data set, unless they are there.')
    .argument('<name>', FETCHABLE_NAMES.join(', '))
    .option('--data-dir <dir>', 'where to (default: NAME in $SHUFFLEBLOCK_DATA or the cache)')
    .option('--data-url <url>', 'where from: the archive, or a folder with / at its end')
    .option('--force', 'fetch files that are there, and replace them')
    .action(fetchCommand);
  const command = (name: string) =>
    addImageSizeOption(addDataOptions(data.command(name).argument('<name>', 'data set')));
  command('check')
    .description('Reads every image: counts per class, damaged files.')
    .action(async (name: string, flags: DataFlags) => void (await checkCommand(name, flags)));
  command('stats').description('The same, and mean and standard deviation of each channel.').action(statsCommand);
  const preview = command('preview')
    .description('A picture of a training batch as the network sees it.')
    .requiredOption('--out <file>', 'the PNG file to write')
    .option('--count <n>', 'images (default: 64)', number('--count'))
    .option('--epoch <n>', 'whose beginning is shown, counted from 0 (default: 0)', number('--epoch'))
    .option('--seed <n>', 'of order and augmentation (default: 0)', number('--seed'))
    .addOption(choice('--augment <how>', 'random crops and flips (default: standard)', ['none', 'standard']));
  addAdapterOption(preview).action((name: string, flags: PreviewFlags) => previewCommand(name, flags));
}

interface FetchFlags extends Pick<DataFlags, 'dataDir' | 'dataUrl'> {
  readonly force?: boolean;
}

async function fetchCommand(name: string, { dataDir, dataUrl, force }: FetchFlags): Promise<void> {
  const fetching = showFetching();
  try {
    const { dir, isNew } = await fetchDataset(name, dataDir, { url: dataUrl, force, ...fetching.options });
    console.log(`data       ${dir}: ${isNew ? 'fetched' : 'was there already'}`);
    if (datasetInfo(name) === MNIST) {
      console.log(
        `           --data-set mnist --data-dir ${dir} uses it; without a folder, mnist is the digits of the package`,
      );
    }
  } finally {
    fetching.stop();
  }
}

interface Checked {
  readonly dataset: AnyDataset;
  readonly train: SplitStatistics;
  readonly test: SplitStatistics;
}

/** @throws InputError after all images have been read, if some were damaged and `--broken-images skip` was not given. */
async function checkCommand(name: string, flags: DataFlags): Promise<Checked> {
  let damaged = 0;
  const warn = (message: string) => {
    damaged++;
    console.error(message);
  };
  const dataset = await loadData(name, { ...flags, brokenImages: 'skip' }, { warn });
  const progress = startProgress(dataset.train.count + dataset.test.count, 'images');
  let train: SplitStatistics;
  let test: SplitStatistics;
  try {
    train = await splitStatistics(dataset.train, dataset, (done) => progress.update(done, 'training images'));
    test = await splitStatistics(dataset.test, dataset, (done) =>
      progress.update(dataset.train.count + done, 'test images'),
    );
  } finally {
    progress.stop();
  }
  console.log(describeData(dataset));
  console.log(describeClasses(dataset, train.classCounts, test.classCounts));
  console.log(`damaged    ${damaged === 0 ? 'none' : `${damaged} images, named above`}`);
  if (damaged > 0 && flags.brokenImages !== 'skip') {
    throw new InputError(`${dataset.source}: expected whole images, got ${damaged} damaged ones`);
  }
  return { dataset, train, test };
}

async function statsCommand(name: string, flags: DataFlags): Promise<void> {
  const { dataset, train, test } = await checkCommand(name, flags);
  const { mean, std }: DatasetInfo = datasetInfo(name);
  for (const [part, statistics] of [
    ['train', train],
    ['test', test],
  ] as const) {
    console.log(`${part.padEnd(10)} mean ${formatList(statistics.mean)}`);
    console.log(
      `           std ${formatList(statistics.std)} over all pixels, ${formatList(statistics.stdWithin)} within an image`,
    );
  }
  console.log(`used       mean ${formatList(mean)}, std ${formatList(std)} (${dataset.name}'s customary constants)`);
}

function describeClasses({ classNames }: AnyDataset, train: readonly number[], test: readonly number[]): string {
  if (train.length > MOST_CLASS_LINES) {
    const range = (counts: readonly number[]) => `${Math.min(...counts)} to ${Math.max(...counts)}`;
    return `classes    ${train.length}, each of ${range(train)} training and ${range(test)} test images`;
  }
  const names = classNames ?? train.map((_, label) => String(label));
  const width = Math.max('class'.length, ...names.map((className) => className.length));
  const row = (className: string, ...counts: (string | number)[]) =>
    `${className.padEnd(width)}${counts.map((count) => String(count).padStart(8)).join('')}`;
  return [row('class', 'train', 'test'), ...names.map((className, i) => row(className, train[i], test[i]))].join('\n');
}

function formatList(values: readonly number[]): string {
  return `[${values.map((value) => value.toFixed(4)).join(', ')}]`;
}
