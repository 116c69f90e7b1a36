// Data sets of image files: Tiny-ImageNet-200 (Stanford CS231n), ImageNet-2012 (Russakovsky et al. 2015), and any folder with one
// folder of images per class. Their number of classes is that of the folders found.

import type { DatasetInfo } from '../dataset.js';

const IMAGENET_COLOURS = { channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

export const TINY_IMAGENET: DatasetInfo = {
  name: 'tinyimagenet',
  classes: 200,
  height: 64,
  width: 64,
  ...IMAGENET_COLOURS,
  augmentation: { padding: 4, flip: true, rotation: 20 },
};

export const IMAGENET: DatasetInfo = {
  name: 'imagenet',
  classes: 1000,
  height: 224,
  width: 224,
  ...IMAGENET_COLOURS,
  augmentation: { padding: 0, flip: true, resizedCrop: true },
};

export const IMAGE_FOLDER: DatasetInfo = { ...IMAGENET, name: 'folder' };
