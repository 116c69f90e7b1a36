// Finding and reading the files of a data set, with one line for whoever has put them elsewhere.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InputError } from '../device/index.js';
import type { ReadDataFile } from './dataset.js';

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
 * @throws InputError saying which file was looked for and where.
 */
export async function readDataFile(folder: DataFolder, name: string): ReturnType<ReadDataFile> {
  const path = await findDataFile(folder, name);
  const bytes = await attempt(readFile(path), `${path}: expected a readable file`);
  if (!path.endsWith('.gz')) return { where: path, bytes };
  return { where: path, bytes: await attempt(promisify(gunzip)(bytes), `${path}: expected a whole gzip file`) };
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
