// Files of a tar archive (POSIX.1-1988 ustar; what GNU and POSIX.1-2001 add is passed over): a header of 512 bytes for each, then its
// contents, filled up to whole blocks; at the end, blocks of zeros. Header: name from byte 0, size in octal digits from 124, checksum
// from 148, kind at 156.

import { InputError } from '../../device/index.js';
import type { ByteStream } from './byte_stream.js';

const BLOCK = 512;
const REGULAR = new Set(['0', '\0', '7']);
/** Links, devices, folders: no contents follow, whatever their size says. */
const WITHOUT_CONTENTS = new Set(['1', '2', '3', '4', '5', '6']);

interface Header {
  /** Without folders. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly kind: string;
}

/**
 * Reads an archive to its end. Names longer than a header holds are not known, links are passed over.
 * @param wanted names of files, in whatever folder; the first of each name counts.
 * @param mostBytes of one of them.
 * @throws InputError if the archive is damaged, or ends too early.
 */
export async function readTar(
  stream: ByteStream,
  where: string,
  wanted: ReadonlySet<string>,
  mostBytes: number,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (let block = 0; ; ) {
    const bytes = await stream.take(BLOCK);
    if (bytes.length === 0) return found;
    if (bytes.every((byte) => byte === 0)) {
      // To the end, where a packed archive is checked.
      await stream.skip(Infinity);
      return found;
    }
    const { name, sizeBytes, kind } = parseHeader(bytes, `${where}: block ${block}`);
    const contentBytes = WITHOUT_CONTENTS.has(kind) ? 0 : sizeBytes;
    const isTaken = REGULAR.has(kind) && wanted.has(name) && !found.has(name);
    if (isTaken && contentBytes > mostBytes) {
      throw new InputError(`${where}: ${name}: expected at most ${mostBytes} bytes, got ${contentBytes}`);
    }
    const contents = isTaken ? await stream.take(contentBytes) : undefined;
    const passed = contents ? contents.length : await stream.skip(contentBytes);
    if (passed < contentBytes) {
      throw new InputError(`${where}: ${name}: expected ${contentBytes} bytes, but the archive ends after ${passed}`);
    }
    if (contents) found.set(name, contents);
    const blocks = Math.ceil(contentBytes / BLOCK);
    await stream.skip(blocks * BLOCK - contentBytes);
    block += 1 + blocks;
  }
}

function parseHeader(bytes: Uint8Array, where: string): Header {
  const field = (start: number, length: number) => String.fromCharCode(...bytes.subarray(start, start + length));
  const number = (start: number, length: number) => {
    const digits = /^ *([0-7]+)[ \0]*$/.exec(field(start, length))?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits, 8);
  };
  // The sum of the header's bytes, its own field taken for spaces.
  const sum = bytes.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  const sizeBytes = number(124, 12);
  if (bytes.length < BLOCK || number(148, 8) !== sum || sizeBytes === undefined) {
    throw new InputError(`${where}: expected a header of a tar archive, got other bytes`);
  }
  const [path] = field(0, 100).split('\0');
  return { name: path.slice(path.lastIndexOf('/') + 1), sizeBytes, kind: field(156, 1) };
}
