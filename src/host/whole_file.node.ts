// Whole files in memory, of any size. Regular ones only: a pipe would keep its reader waiting, a device would never end.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** Node reads less than 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 30;

/** @throws Error of the file system, or if it is no regular file. */
export function readWholeFile(path: string): Buffer {
  // Without waiting, where the file is a pipe.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(file);
    checkRegular(facts);
    return readBytes(file, facts.size);
  } finally {
    closeSync(file);
  }
}

/**
 * Not more than `size` bytes, and less if the file has become shorter.
 * @param file an open one, by its descriptor.
 */
export function readBytes(file: number, size: number, mostAtOnce = MOST_AT_ONCE): Buffer {
  const bytes = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const bytesRead = readSync(file, bytes, done, Math.min(mostAtOnce, size - done), done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** @throws Error saying what it is instead of a regular file. */
export function checkRegular(facts: Stats): void {
  if (facts.isFile()) return;
  throw new Error(facts.isDirectory() ? 'a folder' : facts.isFIFO() ? 'a pipe' : 'a device or socket');
}
