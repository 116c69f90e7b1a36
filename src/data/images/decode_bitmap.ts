// Image files as bytes of one size, by the browser's own decoders.

import { InputError } from '../../device/index.js';
import { BrokenImageError } from './broken_images.js';
import { randomResizedCrop, type View } from './crop.js';
import { resizeImage, type Stretch } from './resize.js';

/** The little that is used of the browser's interfaces, which Node's types lack. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Context {
  drawImage(bitmap: Bitmap, left: number, top: number): void;
  getImageData(left: number, top: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}
declare const createImageBitmap: ((file: Blob) => Promise<Bitmap>) | undefined;
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => { getContext(kind: '2d', options: { alpha: boolean; willReadFrequently: boolean }): Context };

/** Browsers refuse larger canvases; images that are not are read in strips. */
const WIDEST = 32767;

/**
 * u8 [size, size, 3], red, green, blue. Turned upright as EXIF says; grey and CMYK are converted, what is transparent shows black.
 * @throws BrokenImageError if the browser finds no whole image in the file; InputError in Node.
 */
export async function decodeBitmap(file: Blob, view: View): Promise<Uint8Array> {
  if (typeof createImageBitmap === 'undefined') {
    throw new InputError('image files: expected a browser, which decodes them, got none; in Node, use loadFolder');
  }
  const bitmap = await createImageBitmap(file).catch((error: Error) => {
    throw new BrokenImageError(error.message.replaceAll(/\s*\n\s*/g, ' ').trim());
  });
  try {
    const { width, height } = bitmap;
    if (width > WIDEST) throw new BrokenImageError(`expected at most ${WIDEST} pixels a row, got ${width}`);
    const [rows, columns] = shownPart(width, height, view);
    return resizeImage(rows, columns, view.size, rowReader(bitmap, columns));
  } finally {
    bitmap.close();
  }
}

/** Of rows and of columns. A random part is cut out before it is resized, the centre after, as torchvision does. */
function shownPart(width: number, height: number, { size, resize, cropSeed }: View): [rows: Stretch, columns: Stretch] {
  if (cropSeed !== undefined) {
    const box = randomResizedCrop(width, height, cropSeed);
    return [stretch(box.top, box.height), stretch(box.left, box.width)];
  }
  const side = (Math.min(width, height) * size) / resize;
  return [centred(height, side), centred(width, side)];
}

function stretch(start: number, length: number): Stretch {
  return { start, length, first: start, end: start + length };
}

function centred(extent: number, length: number): Stretch {
  return { start: (extent - length) / 2, length, first: 0, end: extent };
}

function rowReader(bitmap: Bitmap, { first, end }: Stretch) {
  return (top: number, height: number): Uint8ClampedArray => {
    const canvas = new OffscreenCanvas(end - first, height);
    const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    context.drawImage(bitmap, -first, -top);
    return context.getImageData(0, 0, end - first, height).data;
  };
}
