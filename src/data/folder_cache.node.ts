// Indexes of folders that were seen before: in the user's cache, never beside the data. Listing ImageNet's thousand folders on a network
// disk takes minutes; asking when they last changed does not.

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../device/cache_folder.node.js';
import { buildIndex, type FolderIndex } from './folder_index.node.js';

/** Of the cached form; other versions are not read. */
const VERSION = 1;
/** A folder that changed just before it was listed may change again without its time telling so. */
const SETTLED_MS = 2000;

/**
 * The index of a folder, from the cache if nothing in it was added, removed or renamed since.
 * @throws InputError as `buildIndex` does.
 */
export async function folderIndex(dir: string): Promise<FolderIndex> {
  const path = cachePath(resolve(dir));
  const cached = path === undefined ? undefined : await readCached(path);
  if (cached && (await isCurrent(dir, cached))) return cached;
  const start = Date.now();
  const index = await buildIndex(dir);
  const isSettled = Object.values(index.changed).every((time) => time < start - SETTLED_MS);
  if (path !== undefined && isSettled) await store(path, index);
  return index;
}

function cachePath(dir: string): string | undefined {
  const name = createHash('sha256').update(`${VERSION} ${dir}`).digest('hex').slice(0, 32);
  try {
    return join(cacheFolder(), 'indexes', `${name}.json`);
  } catch {
    return undefined;
  }
}

async function readCached(path: string): Promise<FolderIndex | undefined> {
  try {
    const index = JSON.parse(await readFile(path, 'utf8')) as FolderIndex | null;
    return index?.changed?.['.'] === undefined ? undefined : index;
  } catch {
    return undefined;
  }
}

async function isCurrent(dir: string, { changed }: FolderIndex): Promise<boolean> {
  const times = await Promise.all(
    Object.keys(changed).map((path) =>
      stat(join(dir, path)).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      ),
    ),
  );
  return Object.values(changed).every((time, i) => time === times[i]);
}

/** Whole or not at all; without a cache, everything works as well. */
async function store(path: string, index: FolderIndex): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(temporary, JSON.stringify(index));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
