// Where a command's images come from, and what is done with image files: the same flags for every command that reads them.

import type { Command } from 'commander';
import {
  type AnyDataset,
  BROKEN_IMAGES,
  type BrokenImagesRule,
  checkHoldOut,
  DATASET_NAMES,
  type FetchOptions,
  type LoadDatasetOptions,
  loadDataset,
} from '../../data/index.node.js';
import { choice, number } from '../options.js';
import { type Progress, startProgress } from '../progress.js';

export interface DataFlags {
  readonly dataDir?: string;
  readonly dataUrl?: string;
  readonly imageSize?: number;
  readonly brokenImages?: BrokenImagesRule;
  readonly workers?: number;
}

/** `mnist (...), cifar10, ...`, for help. */
export const DATASETS_HELP = DATASET_NAMES.join(', ').replace(
  'mnist',
  'mnist (default; 10,000 digits come with the package)',
);

export function addDataOptions(command: Command): Command {
  return command
    .option(
      '--data-dir <dir>',
      'folder with its files (default: data/NAME, NAME in $SHUFFLEBLOCK_DATA or the cache; CIFAR is fetched there)',
    )
    .option('--data-url <url>', 'where to fetch CIFAR or MNIST from: an archive, or a folder with / at its end')
    .addOption(choice('--broken-images <rule>', 'what a damaged image file does (default: stop)', BROKEN_IMAGES))
    .option('--workers <n>', 'images decoded at the same time (default: cores)', number('--workers'));
}

export function addImageSizeOption(command: Command): Command {
  return command.option(
    '--image-size <n>',
    'height and width of images from files (default: tinyimagenet 64; imagenet, folder 224)',
    number('--image-size'),
  );
}

/** Loads the data set of a command; images that take long to read show progress, damaged ones are named on stderr. */
export async function loadData(
  name: string,
  { dataDir, dataUrl, imageSize, brokenImages, workers }: DataFlags,
  options: LoadDatasetOptions = {},
): Promise<AnyDataset> {
  let progress: Progress | undefined;
  const onRead = (done: number, total: number) => {
    progress ??= startProgress(total, 'images');
    progress.update(done, 'reading images');
    if (done === total) {
      progress.stop();
      progress = undefined;
    }
  };
  const warn = (message: string) => console.error(message);
  const fetching = showFetching();
  try {
    const flags = { dir: dataDir, imageSize, brokenImages, workers };
    return await loadDataset(name, {
      warn,
      ...flags,
      onRead,
      fetch: { url: dataUrl, ...fetching.options },
      ...options,
    });
  } finally {
    progress?.stop();
    fetching.stop();
  }
}

/** Shows what is fetched, in megabytes, and says what is waited for. */
export function showFetching(): { options: Pick<FetchOptions, 'log' | 'onBytes'>; stop: () => void } {
  let progress: Progress | undefined;
  const stop = () => {
    progress?.stop();
    progress = undefined;
  };
  const log = (line: string) => {
    stop();
    console.error(line);
  };
  const onBytes = (present: number, total: number) => {
    progress ??= startProgress(Math.ceil(total / 1e6), 'MB');
    progress.update(Math.floor(present / 1e6), 'fetching');
  };
  return { options: { log, onBytes }, stop };
}

/**
 * @param validation training images that are held out.
 * @throws InputError unless there are so many, and more.
 */
export function describeData({ source, train, test }: AnyDataset, validation?: number): string {
  if (validation === undefined) return `data       ${source}: ${train.count} training and ${test.count} test images`;
  checkHoldOut(train.count, validation);
  const left = train.count - validation;
  return `data       ${source}: ${left} training, ${validation} validation and ${test.count} test images`;
}
