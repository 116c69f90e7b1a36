// Writes safetensors files: the same bytes for the same tensors.

import { InputError } from '../../host/input_error.js';
import { show } from '../../host/show.js';
import { SAFETENSORS_ELEMENT_BYTES, type SafetensorsTensor } from './safetensors.js';
import { checkEntry, LENGTH_BYTES, METADATA } from './safetensors_entry.js';

/**
 * The bytes of a safetensors file: a header padded to 8 bytes, then the tensors by descending element size and by name, so
 * that every one is aligned to its elements. Equal tensors give equal bytes, whatever their order.
 * @throws InputError if a tensor's data does not fit its type and shape, or one is called `__metadata__`.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(byAlignmentThenName);
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  const names = new Set<string>([METADATA]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const begin = end;
    end += data.byteLength;
    if (names.has(name)) throw new InputError(`encodeSafetensors: expected every name once, got ${show(name)} again`);
    names.add(name);
    checkEntry({ name, dtype, shape, begin, end }, 'encodeSafetensors');
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  // Not JSON.stringify of one object: that would move names such as "0" to the front and lose "__proto__".
  const json = header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',');
  const text = new TextEncoder().encode(`{${json}}`);
  const dataStart = LENGTH_BYTES + Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(dataStart + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - LENGTH_BYTES), true);
  bytes.fill(0x20, LENGTH_BYTES, dataStart);
  bytes.set(text, LENGTH_BYTES);
  let offset = dataStart;
  for (const [, { data }] of sorted) {
    bytes.set(data, offset);
    offset += data.byteLength;
  }
  return bytes;
}

function byAlignmentThenName(
  [nameA, a]: readonly [string, SafetensorsTensor],
  [nameB, b]: readonly [string, SafetensorsTensor],
): number {
  const order = SAFETENSORS_ELEMENT_BYTES[b.dtype] - SAFETENSORS_ELEMENT_BYTES[a.dtype];
  return order || compareText(a.dtype, b.dtype) || compareText(nameA, nameB);
}

/** By code units, the same in every locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
