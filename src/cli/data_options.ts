// Where a command's images come from, and what is done with image files: the same flags for every command that reads them.

import type { Command } from 'commander';
import {
  type AnyDataset,
  BROKEN_IMAGES,
  type BrokenImagesRule,
  DATASET_NAMES,
  type LoadDatasetOptions,
} from '../data/index.node.js';
import { choice, number } from './options.js';

export interface DataFlags {
  readonly dataDir?: string;
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
    .option('--data-dir <dir>', 'folder with its files (default: data/NAME, or NAME in $SHUFFLEBLOCK_DATA)')
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

/** For `loadDataset`; damaged images are named on stderr. */
export function dataOptions({ dataDir, imageSize, brokenImages, workers }: DataFlags): LoadDatasetOptions {
  return { dir: dataDir, imageSize, brokenImages, workers, warn: (message) => console.error(message) };
}

export function describeData({ source, train, test }: AnyDataset): string {
  return `data       ${source}: ${train.count} training and ${test.count} test images`;
}
