// Brings the files of a data set into a folder: downloads their archives, checks and unpacks them in a hidden folder beside their
// place, and moves them there when they are whole. One process at a time does so; others wait for it and find the files.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../../device/index.js';
import { tryLockFolder } from '../../host/folder_lock.node.js';
import { attempt } from '../files.node.js';
import type { Archive, FetchableSet } from './archives.js';
import { type DownloadOptions, describeUrl, download, parseUrl, UnavailableError } from './download.node.js';
import { unpack } from './unpack.node.js';

export interface FetchOptions extends Pick<DownloadOptions, 'stallMs' | 'retryMs'> {
  /** Instead of the official address: that of the archive or, with / at its end, of the folder with the official files. */
  readonly url?: string;
  /** Fetches files that are there already, and replaces them. */
  readonly force?: boolean;
  /** Told, in a line, what arrives now or is waited for. */
  readonly log?: (line: string) => void;
  /** Told how many bytes of the archives are there, of how many. */
  readonly onBytes?: (present: number, total: number) => void;
}

/** Until another process that fetches the same is looked for again. */
const WAIT_MS = 300;
const WRITABLE = 'expected a folder that can be written';

/**
 * Makes sure that the files of a set are in `dir`, or in the set's folder below it. An archive that lies in `dir` is not downloaded. What
 * a failed or killed attempt has received is kept in a hidden folder in `dir`, and gone on with.
 * @returns whether they were not all there before.
 * @throws InputError if an archive cannot be had or is not the official one, or the disk is full; in `dir`, nothing has changed then.
 */
export async function fetchSet(set: FetchableSet, dir: string, options: FetchOptions = {}): Promise<boolean> {
  const { force = false, log = () => {} } = options;
  if (!force && (await isComplete(set, dir))) return false;
  const work = resolve(dir, `.fetch-${set.name}`);
  try {
    const { unlock, made } = await takeWorkFolder(work, (owner) =>
      log(`waiting for ${owner}, which fetches ${set.name} into ${dir}`),
    );
    try {
      if (!force && (await isComplete(set, dir))) return false;
      await fetchLocked(set, dir, work, options);
      return true;
    } finally {
      unlock();
      await removeEmpty(work, made);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const files = set.archives.map(({ file }) => file).join(', ');
    const hint =
      error instanceof UnavailableError ? `; without a network, put ${files} from elsewhere into ${dir}` : '';
    throw new InputError(`${set.name}: ${error.message}${hint}`);
  }
}

/** Whether all files of the set lie there. */
export async function isComplete(set: FetchableSet, dir: string): Promise<boolean> {
  const found = new Set([...(await membersIn(set, dir)), ...(await membersIn(set, join(dir, set.folder)))]);
  return set.archives.every(({ members }) => members.every(({ name }) => found.has(name)));
}

/** Whether some do. */
export async function hasFiles(set: FetchableSet, dir: string): Promise<boolean> {
  return [...(await membersIn(set, dir)), ...(await membersIn(set, join(dir, set.folder)))].length > 0;
}

/** Names of the set's files that lie in that very folder; a single packed file counts as what it holds. */
async function membersIn({ archives }: FetchableSet, folder: string): Promise<string[]> {
  const names = new Set(await readdir(folder).catch(() => []));
  return archives.flatMap(({ kind, file, members }) =>
    members.map(({ name }) => name).filter((name) => names.has(name) || (kind === 'gzip' && names.has(file))),
  );
}

/** @returns what gives the folder back, and the first of the folders on its path that were made for it. */
async function takeWorkFolder(
  work: string,
  onWait: (owner: string) => void,
): Promise<{ unlock: () => void; made: string | undefined }> {
  let made: string | undefined;
  for (let waits = 0; ; waits++) {
    made = (await attempt(mkdir(work, { recursive: true }), WRITABLE)) ?? made;
    const lock = lockIfThere(work);
    if (lock && 'unlock' in lock) return { unlock: lock.unlock, made };
    if (lock && waits === 0) onWait(lock.owner);
    await sleep(WAIT_MS);
  }
}

/** Nothing if the process that had the folder has just finished and removed it. */
function lockIfThere(folder: string): ReturnType<typeof tryLockFolder> | undefined {
  try {
    return tryLockFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InputError(`${WRITABLE}, got ${(error as Error).message}`);
  }
}

/** Removes a folder, and those above it up to `last`, as far as there is nothing in them. */
async function removeEmpty(folder: string, last = folder): Promise<void> {
  try {
    for (let path = folder; ; path = dirname(path)) {
      await rmdir(path);
      if (path === last) return;
    }
  } catch {
    // Not empty.
  }
}

async function fetchLocked(set: FetchableSet, dir: string, work: string, options: FetchOptions): Promise<void> {
  const unpacked = join(work, 'unpacked');
  await rm(unpacked, { recursive: true, force: true });
  const total = set.archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts: string[] = [];
  try {
    await attempt(mkdir(unpacked), WRITABLE);
    let before = 0;
    for (const archive of set.archives) {
      const onBytes = (present: number) => options.onBytes?.(before + present, total);
      const given = join(dir, archive.file);
      const isGiven = existsSync(given);
      const part = isGiven ? given : join(work, `${archive.file}.part`);
      if (isGiven) await checkGiven(archive, given);
      else await fetchArchive(archive, addressOf(set, archive, options.url), part, { ...options, onBytes });
      await unpack(archive, part, set.folder, unpacked);
      if (!isGiven) parts.push(part);
      before += archive.sizeBytes;
    }
    await moveIntoPlace(set, unpacked, dir);
    for (const part of parts) await rm(part);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** @throws UnavailableError if it is no address on the web. */
function addressOf(set: FetchableSet, archive: Archive, override: string | undefined): URL {
  const url = parseUrl(override ?? set.url);
  if (!url.pathname.endsWith('/') && set.archives.length === 1) return url;
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${archive.file}`;
  return url;
}

/** Downloads an archive to `part`. One whose parts, from different attempts, do not fit together is downloaded once more. */
async function fetchArchive(
  archive: Archive,
  url: URL,
  part: string,
  options: FetchOptions & { readonly onBytes: (present: number) => void },
): Promise<void> {
  const { sizeBytes, sha256 } = archive;
  const isResumed = existsSync(part);
  let isTold = false;
  const onBytes = (present: number) => {
    // Not before somebody has answered.
    if (!isTold) {
      options.log?.(
        `${isResumed ? 'going on with' : 'fetching'} ${describeUrl(url)} (${(sizeBytes / 1e6).toFixed(1)} MB)`,
      );
    }
    isTold = true;
    options.onBytes(present);
  };
  await download(url, part, { ...options, sizeBytes, onBytes });
  const found = await sha256Of(part);
  if (found === sha256) return;
  await rm(part);
  if (isResumed) return fetchArchive(archive, url, part, options);
  throw new UnavailableError(`expected SHA-256 ${sha256} of ${describeUrl(url)}, got ${found}`);
}

async function checkGiven({ sha256 }: Archive, path: string): Promise<void> {
  const found = await sha256Of(path);
  if (found !== sha256) throw new InputError(`expected SHA-256 ${sha256} of ${path}, got ${found}`);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  const reading = pipeline(createReadStream(path), async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) hash.update(chunk);
  });
  await attempt(reading, `expected a file that can be read at ${path}`);
  return hash.digest('hex');
}

/** All at once where there is no folder of the set; file by file, each of them whole at any time, where files are replaced. */
async function moveIntoPlace(set: FetchableSet, unpacked: string, dir: string): Promise<void> {
  const isFlat = (await membersIn(set, dir)).length > 0;
  const target = isFlat ? dir : join(dir, set.folder);
  const moves = existsSync(target)
    ? (await readdir(unpacked)).map((name) => [join(unpacked, name), join(target, name)])
    : [[unpacked, target]];
  for (const [from, to] of moves) {
    await attempt(mkdir(dirname(to), { recursive: true }), WRITABLE);
    await attempt(rename(from, to), `expected to move what was fetched to ${to}`);
  }
}
