// Small files in the official formats, made here from random bytes.
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
