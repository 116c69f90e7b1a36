// Indexes of folders that were seen before: in the user's cache, never beside the data. Listing ImageNet's thousand folders on a network
// disk takes minutes; asking when they last changed does not.

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../../host/cache_folder.node.js';
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

/** None if there is none, or a damaged one: it is made again. */
async function readCached(path: string): Promise<FolderIndex | undefined> {
  try {
    const index: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isIndex(index) ? index : undefined;
  } catch {
    return undefined;
  }
}

function isIndex(value: unknown): value is FolderIndex {
  if (!isRecord(value) || !isRecord(value.changed)) return false;
  const { classes, train, test, ignored, missing, changed } = value;
  const isList = (list: unknown) => list === undefined || isImageList(list, (classes as string[]).length);
  const areTimes = '.' in changed && Object.values(changed).every(Number.isFinite);
  return areTexts(classes) && isList(train) && isList(test) && isCount(ignored) && areTexts(missing) && areTimes;
}

function isImageList(value: unknown, classCount: number): boolean {
  if (!isRecord(value) || !areTexts(value.paths) || !Array.isArray(value.labels)) return false;
  const { paths, labels } = value;
  return paths.length === labels.length && labels.every((label) => isCount(label) && label < classCount);
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
