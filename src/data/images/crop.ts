// Which part of an image training shows: the random resized crop of Szegedy et al. 2015 (https://arxiv.org/abs/1409.4842, section 6),
// drawn as torchvision's RandomResizedCrop draws it.

import { Random } from '../../tensor/index.js';

/** A rectangle of pixels inside an image. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What is shown of an image. */
export interface View {
  /** Of the result, which is square, in pixels. */
  readonly size: number;
  /** The shorter side of the image is resized to so many pixels, at least `size`; its centre is shown. */
  readonly resize: number;
  /** Shows a random part instead: see `randomResizedCrop`. */
  readonly cropSeed?: number;
}

const AREA = { least: 0.08, most: 1 } as const;
const RATIO = { least: 3 / 4, most: 4 / 3 } as const;
const ATTEMPTS = 10;

/**
 * A part of an image of `width` x `height` pixels: between 8% and 100% of its area, width to height between 3/4 and 4/3, all evenly
 * spread (the ratio on a logarithmic scale). Where ten attempts do not fit, the largest centred part of a ratio in that range.
 */
export function randomResizedCrop(width: number, height: number, seed: number): Box {
  const random = new Random(seed);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * between(random, AREA.least, AREA.most);
    const ratio = Math.exp(between(random, Math.log(RATIO.least), Math.log(RATIO.most)));
    const cropWidth = Math.round(Math.sqrt(area * ratio));
    const cropHeight = Math.round(Math.sqrt(area / ratio));
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) continue;
    const left = random.below(width - cropWidth + 1);
    const top = random.below(height - cropHeight + 1);
    return { left, top, width: cropWidth, height: cropHeight };
  }
  return centredCrop(width, height);
}

function centredCrop(width: number, height: number): Box {
  const ratio = Math.min(Math.max(width / height, RATIO.least), RATIO.most);
  const cropWidth = Math.max(1, Math.min(width, Math.round(height * ratio)));
  const cropHeight = Math.max(1, Math.min(height, Math.round(width / ratio)));
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}

function between(random: Random, least: number, most: number): number {
  return least + (most - least) * random.uniform();
}
