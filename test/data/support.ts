// Small files in the official formats, made here from random bytes.
import { expect } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { Random } from '../../src/tensor/random.js';

export function randomBytes(size: number, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => random.below(256));
}

/** An idx file: magic number, extents, content. */
export function idxFile(magic: number, extents: readonly number[], content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 * (1 + extents.length) + content.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of [magic, ...extents].entries()) view.setUint32(4 * i, word);
  bytes.set(content, 4 * (1 + extents.length));
  return bytes;
}

/** A CIFAR file: for each record its label bytes, then its 3072 bytes of `images`. */
export function cifarFile(labels: readonly (readonly number[])[], images: Uint8Array): Uint8Array {
  return Uint8Array.from(labels.flatMap((record, i) => [...record, ...images.subarray(i * 3072, (i + 1) * 3072)]));
}

/** A header of a tar archive and the file's contents in whole blocks. */
export function tarEntry(path: string, contents: Uint8Array, kind = '0', sizeBytes = contents.length): Uint8Array {
  const bytes = new Uint8Array(512 + 512 * Math.ceil(contents.length / 512));
  const put = (place: number, text: string) => bytes.set(new TextEncoder().encode(text), place);
  put(0, path);
  put(124, `${sizeBytes.toString(8).padStart(11, '0')}\0`);
  put(148, '        ');
  put(156, kind);
  put(257, 'ustar\x0000');
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  bytes.set(contents, 512);
  return bytes;
}

/** Files as a page gets them from its user. */
export function pageFile(name: string, ...contents: readonly Uint8Array[]): File {
  return new File(contents as Uint8Array<ArrayBuffer>[], name);
}

/** The message of an InputError, in one line, that the work must end with. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('expected an InputError, got none'),
    (reason) => reason,
  );
  if (!(error instanceof InputError)) throw error;
  expect(error.message).not.toContain('\n');
  return error.message;
}
