// The idx format of MNIST (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"), big-endian:
//   images  0x00000803, count, rows, columns (u32 each), then count*rows*columns bytes, row by row, 0 black, 255 white
//   labels  0x00000801, count (u32 each), then count bytes

import { InputError } from '../../device/index.js';
import { checkLabels } from '../dataset.js';

const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;

export interface IdxImages {
  /** [count, height, width], a view into the file's bytes. */
  readonly images: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/**
 * @param bytes of the whole file, unpacked; @param where the file's name, for messages.
 * @throws InputError if the magic number or the size is wrong.
 */
export function parseIdxImages(bytes: Uint8Array, where: string): IdxImages {
  const [count, height, width] = parseHeader(bytes, IMAGES_MAGIC, 3, 'images', where);
  const images = bytes.subarray(16);
  checkSize(images.length, [count, height, width], 'images', where, 16);
  return { images, count, height, width };
}

/**
 * @returns the labels, a view into the file's bytes.
 * @throws InputError if the magic number or the size is wrong, or a label is not below `classes`.
 */
export function parseIdxLabels(bytes: Uint8Array, where: string, classes = 10): Uint8Array {
  const [count] = parseHeader(bytes, LABELS_MAGIC, 1, 'labels', where);
  const labels = bytes.subarray(8);
  checkSize(labels.length, [count], 'labels', where, 8);
  checkLabels(labels, classes, where);
  return labels;
}

function parseHeader(bytes: Uint8Array, magic: number, dimensions: number, what: string, where: string): number[] {
  const headerBytes = 4 * (1 + dimensions);
  if (bytes.length < headerBytes) {
    throw new InputError(
      `${where}: expected an idx header of ${headerBytes} bytes, got a file of ${bytes.length} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const found = view.getUint32(0);
  if (found !== magic) {
    throw new InputError(`${where}: expected idx ${what}, magic number ${hex(magic)}, got ${hex(found)}`);
  }
  return Array.from({ length: dimensions }, (_, i) => view.getUint32(4 * (1 + i)));
}

function checkSize(
  contentBytes: number,
  extents: readonly number[],
  what: string,
  where: string,
  headerBytes: number,
): void {
  const size = extents.reduce((product, extent) => product * extent, 1);
  const header = `its header announces [${extents.join(', ')}] ${what}`;
  if (size === 0) throw new InputError(`${where}: expected at least one byte of ${what}, but ${header}`);
  if (contentBytes !== size) {
    throw new InputError(
      `${where}: expected ${headerBytes + size} bytes, since ${header}, got ${headerBytes + contentBytes} bytes`,
    );
  }
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
