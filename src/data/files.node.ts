// Finding and reading the files of a data set, with one line for whoever has put them elsewhere.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InputError } from '../device/index.js';
import { checkRegular } from '../host/whole_file.node.js';
import { MOST_FILE_BYTES, type ReadDataFile } from './dataset.js';

export interface DataFolder {
  /** The data set's name, for messages. */
  readonly dataset: string;
  readonly dir: string;
  /** Where the official archive puts its files, within `dir`: looked into as well. */
  readonly subfolder: string;
  /** Whether a file may also lie there packed, as `NAME.gz`. */
  readonly gzip?: boolean;
}

/**
 * The contents of the file `name`, unpacked, and the path where it was found.
 * @throws InputError saying which file was looked for and where, or that it is damaged or too large.
 */
export async function readDataFile(folder: DataFolder, name: string): ReturnType<ReadDataFile> {
  const path = await findDataFile(folder, name);
  const bytes = await attempt(readRegular(path), `${path}: expected a readable file`);
  return { where: path, bytes: path.endsWith('.gz') ? await unpacked(bytes, path) : bytes };
}

async function readRegular(path: string): Promise<Uint8Array> {
  checkRegular(await stat(path));
  return readFile(path);
}

async function unpacked(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MOST_FILE_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isTooLarge = code === 'ERR_BUFFER_TOO_LARGE';
    throw new InputError(
      isTooLarge
        ? `${path}: expected at most ${MOST_FILE_BYTES} bytes, unpacked, got more`
        : `${path}: expected a whole gzip file, got ${message}`,
    );
  }
}

async function findDataFile({ dataset, dir, subfolder, gzip = false }: DataFolder, name: string): Promise<string> {
  const folders = [dir, join(dir, subfolder)];
  const names = gzip ? [name, `${name}.gz`] : [name];
  for (const path of folders.flatMap((folder) => names.map((spelling) => join(folder, spelling)))) {
    if (await exists(path)) return path;
  }
  const found = (await exists(dir)) ? 'found it in neither' : `but there is no ${dir}`;
  throw new InputError(`${dataset}: expected ${names.join(' or ')} in ${folders.join(' or ')}, ${found}`);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** @throws InputError with the reason of a failure behind what was expected. */
export async function attempt<T>(work: Promise<T>, expectation: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new InputError(`${expectation}, got ${(error as Error).message}`);
  }
}
