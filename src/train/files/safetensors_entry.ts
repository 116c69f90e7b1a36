// What the reader and the writer of safetensors files share: sizes, and the check of one entry of the header.

import { InputError } from '../../host/input_error.js';
import { show } from '../../host/show.js';
import { SAFETENSORS_ELEMENT_BYTES, type SafetensorsDType } from './safetensors.js';

export const LENGTH_BYTES = 8;
export const METADATA = '__metadata__';

export interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  /** First byte, and the byte after the last one, counted from the end of the header. */
  begin: number;
  end: number;
}

/** A known type, and as many bytes as type and shape need. */
export function checkEntry({ name, dtype, shape, begin, end }: Entry, where: string): void {
  const place = `${where}: tensor ${show(name)}`;
  if (!Object.hasOwn(SAFETENSORS_ELEMENT_BYTES, dtype)) {
    const known = Object.keys(SAFETENSORS_ELEMENT_BYTES).join(', ');
    throw new InputError(`${place}: expected a type among ${known}, got ${show(dtype)}`);
  }
  let expected: number = SAFETENSORS_ELEMENT_BYTES[dtype as SafetensorsDType];
  for (const size of shape) {
    // Checked at every factor: a size of 0 would hide an overflow before it.
    expected *= size;
    if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(expected)) {
      throw new InputError(`${place}: expected a shape of sizes that fit a file, got ${formatShape(shape)}`);
    }
  }
  if (end - begin !== expected) {
    throw new InputError(
      `${place}: expected ${expected} bytes for ${dtype} ${formatShape(shape)}, got ${end - begin} (${begin} to ${end})`,
    );
  }
}

export function formatShape(shape: readonly number[]): string {
  return shape.length > 8 ? `[${shape.slice(0, 8)},...] (${shape.length} sizes)` : `[${shape}]`;
}
