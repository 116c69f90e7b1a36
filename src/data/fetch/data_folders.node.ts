// Where the files of the data sets are looked for, and where fetched ones go.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fetchableSet } from './archives.js';
import { hasFiles } from './fetch.node.js';

/**
 * The first folder with files of that data set: in `data`, in the folder that SHUFFLEBLOCK_DATA names, in the cache.
 * @param names of the folder.
 */
export async function findDataFolder(dataset: string, names: readonly string[]): Promise<string | undefined> {
  const roots = ['data', process.env.SHUFFLEBLOCK_DATA, cacheOfData()].filter(
    (root) => root !== undefined && root !== '',
  );
  const set = fetchableSet(dataset);
  for (const folder of roots.flatMap((root) => names.map((name) => join(root!, name)))) {
    if (set ? await hasFiles(set, folder) : existsSync(folder)) return folder;
  }
  return undefined;
}

/** Where a data set is fetched to if nothing else is said. */
export function fetchFolder(dataset: string): string {
  return join(process.env.SHUFFLEBLOCK_DATA || cacheOfData(), dataset);
}

function cacheOfData(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'shuffleblock-data');
}
