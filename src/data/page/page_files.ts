// The files of a data set as a page has them: chosen by its user, or fetched; one by one, packed, or in an archive.

import { InputError } from '../../device/index.js';
import { MOST_FILE_BYTES, type ReadDataFile } from '../dataset.js';
import { ByteStream, readBytes } from '../formats/byte_stream.js';
import { readTar } from '../formats/tar.js';

const MOST_ARCHIVE_BYTES = 2 ** 30;
const ARCHIVE_NAME = /\.(tar|tgz|tar\.gz)$/i;

/**
 * Finds files by their names, whatever folder they lie in.
 * @param dataset its name, for messages.
 * @param wanted all names that may be asked for, each once; their contents are let go then.
 */
export function pageFiles(dataset: string, files: readonly File[], wanted: readonly string[]): ReadDataFile {
  const archives = files.filter(({ name }) => ARCHIVE_NAME.test(name));
  let opening: ReturnType<typeof readArchives> | undefined;
  return async (name) => {
    const file = files.find((candidate) => candidate.name === name || candidate.name === `${name}.gz`);
    if (file) return { where: file.name, bytes: await readBytes(file, file.name, MOST_FILE_BYTES) };
    opening ??= readArchives(archives, new Set(wanted));
    const contents = await opening;
    const found = contents.get(name);
    if (!found) throw new InputError(missing(dataset, name, files));
    contents.delete(name);
    return found;
  };
}

async function readArchives(archives: readonly File[], wanted: ReadonlySet<string>) {
  const contents = new Map<string, Awaited<ReturnType<ReadDataFile>>>();
  for (const archive of archives) {
    const stream = await ByteStream.open(archive, archive.name, MOST_ARCHIVE_BYTES);
    try {
      for (const [name, bytes] of await readTar(stream, archive.name, wanted, MOST_FILE_BYTES)) {
        contents.set(name, { where: `${archive.name}: ${name}`, bytes });
      }
    } finally {
      stream.close();
    }
  }
  return contents;
}

function missing(dataset: string, name: string, files: readonly File[]): string {
  const [first, ...others] = files.map((file) => file.name);
  const got = first === undefined ? 'no file' : `${first}${others.length > 0 ? ` and ${others.length} others` : ''}`;
  return `${dataset}: expected ${name}, ${name}.gz or an archive (.tar.gz, .tar) with that file in it, got ${got}`;
}
