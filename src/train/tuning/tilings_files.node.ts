// Measured tilings in Node: a file for each adapter, in the user's cache.

import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';
import { cacheFolder } from '../../host/cache_folder.node.js';
import type { TunedOperation } from './autotune.js';
import { encodeTilings, parseTilings, type TilingsStore } from './tilings_file.js';

export interface TilingsFiles extends TilingsStore {
  pathOf(adapter: string): string;
}

/** @param folder default: `tilings` in the user's cache (`cacheFolder`): `~/.cache/shuffleblock/tilings`, or below XDG_CACHE_HOME. */
export function tilingsFiles(folder: string = join(cacheFolder(), 'tilings')): TilingsFiles {
  const pathOf = (adapter: string) => {
    const digest = createHash('sha256').update(adapter).digest('hex').slice(0, 8);
    const name = adapter
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 48)
      .replace(/-$/, '');
    return join(folder, `${name}-${digest}.json`);
  };
  return {
    pathOf,
    async load(adapter): Promise<TunedOperation[]> {
      const path = pathOf(adapter);
      const text = await readFile(path, 'utf8').catch((error) => {
        if (error.code === 'ENOENT') return undefined;
        throw new InputError(`${path}: expected a readable file, got ${error.message}`);
      });
      return text === undefined ? [] : parseTilings(text, path);
    },
    async save(adapter, operations): Promise<void> {
      await mkdir(folder, { recursive: true });
      await writeFileAtomically(pathOf(adapter), encodeTilings(adapter, operations));
    },
  };
}
