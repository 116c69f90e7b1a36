// Image files as bytes of one size, by sharp (libvips). Decoding and resizing run in Node's thread pool; nothing here blocks.

import { readFile, stat } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import { InputError } from '../../device/index.js';
import { checkRegular } from '../../host/whole_file.node.js';
import { BrokenImageError } from './broken_images.js';
import { randomResizedCrop, type View } from './crop.js';
import { jpegSize } from './jpeg_size.js';

export interface DecodeJob extends View {
  readonly path: string;
}

/**
 * u8 [size, size, 3], red, green, blue. Turned upright as EXIF says; grey and CMYK are converted, transparency is ignored.
 * Resized by triangles as wide as the shrinking asks for, as PIL's bilinear filter is.
 * @throws BrokenImageError if there is no whole image in the file.
 */
export async function decodeImage(job: DecodeJob): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { size } = job;
  try {
    checkRegular(await stat(job.path));
    const file = await readFile(job.path);
    checkFormat(file);
    // Warnings of libjpeg are about details that other programs do not notice; a file that ends too early is an error.
    const upright = sharp(file, { failOn: 'error' }).autoOrient();
    const square =
      job.cropSeed === undefined ? centre(upright, job) : await randomPart(upright, file, job, job.cropSeed);
    const bytes = await square.toColourspace('srgb').removeAlpha().raw().toBuffer();
    if (bytes.length === size * size * 3) return bytes;
    throw new Error(`expected ${size * size * 3} bytes, got ${bytes.length}`);
  } catch (error) {
    throw new BrokenImageError((error as Error).message.replaceAll(/\s*\n\s*/g, ' ').trim());
  }
}

function centre(image: Sharp, { size, resize }: DecodeJob): Sharp {
  const resized = image.resize(resize, resize, { fit: 'cover', kernel: 'linear' });
  if (resize === size) return resized;
  const margin = Math.floor((resize - size) / 2);
  return resized.extract({ left: margin, top: margin, width: size, height: size });
}

async function randomPart(image: Sharp, file: Uint8Array, { size }: DecodeJob, seed: number): Promise<Sharp> {
  const { width, height } = jpegSize(file) ?? (await image.metadata()).autoOrient;
  return image.extract(randomResizedCrop(width, height, seed)).resize(size, size, { fit: 'fill', kernel: 'linear' });
}

/** How files begin whose names `isImageName` knows; of WebP, four bytes of length are left out. */
const SIGNATURES = [/^\xff\xd8\xff/, /^\x89PNG\r\n/, /^RIFF[\s\S]{4}WEBP/];

/**
 * A file's content chooses how libvips reads it, not its name, and there are formats among its many that take as long as they like: drawings in
 * SVG. Looked at here, since blocking loaders in sharp would block them for everybody else in the process.
 */
function checkFormat(file: Buffer): void {
  const start = file.toString('latin1', 0, 12);
  if (!SIGNATURES.some((signature) => signature.test(start))) throw new Error('expected JPEG, PNG or WebP');
}

type SharpModule = typeof import('sharp')['default'];

let loading: Promise<SharpModule> | undefined;

/** On first use, since most data sets need none of it. */
function loadSharp(): Promise<SharpModule> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      // One thread an image: many images are decoded at once. And no cache: it would show files as they were.
      sharp.concurrency(1);
      sharp.cache(false);
      return sharp;
    },
    (error: Error) => {
      throw new InputError(`image files: expected the package sharp, which decodes them, got ${error.message}`);
    },
  );
  return loading;
}
