// shuffleblock data preview: the images of a training batch, augmented on the GPU and normalised as the network sees them, undone to
// colours and put side by side into a PNG.

import {
  type DatasetInfo,
  epochCropSeed,
  epochSamples,
  limitSplit,
  openImages,
  takeBatch,
} from '../../data/index.node.js';
import { type AdapterChoice, InputError } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';
import { openCommandDevice } from '../options.js';
import { type DataFlags, loadData } from './data_options.js';

export interface PreviewFlags extends DataFlags {
  readonly out: string;
  readonly count?: number;
  readonly epoch?: number;
  readonly seed?: number;
  readonly augment?: 'none' | 'standard';
  readonly adapter: AdapterChoice;
}

/** Of the grid, in pixels. */
const GAP = 2;
const MOST_IMAGES = 1024;

export async function previewCommand(name: string, flags: PreviewFlags): Promise<void> {
  const { count: wanted = 64, epoch = 0, seed = 0, out } = flags;
  whole('--count', wanted, 1, MOST_IMAGES);
  whole('--epoch', epoch, 0);
  whole('--seed', seed, 0, 2 ** 32 - 1);
  const dataset = await loadData(name, flags, { parts: ['train'] });
  const count = Math.min(wanted, dataset.train.count);
  const device = await openCommandDevice(flags.adapter);
  try {
    const source = openImages(device, limitSplit(dataset.train), dataset, count);
    const augmentation = flags.augment === 'none' ? undefined : dataset.augmentation;
    const samples = epochSamples({ count: source.count, epoch, seed, shuffle: true, augmentation });
    source.startEpoch(samples, augmentation?.resizedCrop ? epochCropSeed(seed, epoch) : undefined);
    await source.ready(0, count);
    const { images } = takeBatch(source, 0, count);
    const shown = images.shape[3];
    const grid = drawGrid(await images.readFloats(), shown, dataset);
    source.dispose();
    const { pixels, width, height } = grid;
    // Not before it is needed: it is a native library.
    const { default: sharp } = await import('sharp');
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } }).png();
    await writeFileAtomically(out, await picture.toBuffer());
    console.log(`${out}: ${shown} training images of ${dataset.source}, ${width}x${height} pixels`);
  } finally {
    device.destroy();
  }
}

/** @param images [C,H,W,N], normalised; one channel is shown as grey. */
function drawGrid(images: Float32Array, count: number, { channels, height, width, mean, std }: DatasetInfo) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const gridWidth = columns * (width + GAP) - GAP;
  const gridHeight = rows * (height + GAP) - GAP;
  const pixels = new Uint8Array(3 * gridWidth * gridHeight).fill(255);
  for (let n = 0; n < count; n++) {
    const left = (n % columns) * (width + GAP);
    const top = Math.floor(n / columns) * (height + GAP);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let colour = 0; colour < 3; colour++) {
          const channel = Math.min(colour, channels - 1);
          const value = images[((channel * height + y) * width + x) * count + n] * std[channel] + mean[channel];
          pixels[3 * ((top + y) * gridWidth + left + x) + colour] = Math.round(255 * Math.min(Math.max(value, 0), 1));
        }
      }
    }
  }
  return { pixels, width: gridWidth, height: gridHeight };
}

function whole(flag: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new InputError(`${flag}: expected a whole number ${range}, got ${value}`);
}
