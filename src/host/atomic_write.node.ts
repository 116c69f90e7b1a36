// Files that are there whole or not at all: written beside their place, synced, then renamed over it (rename(2) is atomic).

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from './input_error.js';

/** A living write touches its file all the time, so one that has lain for this long belongs to a killed process. */
const ABANDONED_MS = 3_600_000;

/**
 * Replaces the file at `path`, or makes it. Whatever happens, a full disk, a kill, a power cut, `path` holds either all of
 * its former content or all of `bytes`. A kill may leave `.NAME.XXXXXXXX.tmp` behind, which the next write removes when
 * it is an hour old.
 * @throws InputError if the folder is missing, not writable or full; the former file is untouched then.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = resolve(path);
  const temporary = join(dirname(target), temporaryName(basename(target)));
  try {
    await writeSynced(temporary, bytes);
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw new InputError(
      `${path}: expected to write ${Buffer.byteLength(bytes)} bytes, got ${(error as Error).message}`,
    );
  }
  await syncFolder(dirname(target));
  await removeAbandoned(target);
}

async function writeSynced(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself durable. Not every system can open a folder (Windows) or sync one: there it is left out. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } catch {
    // The file is in place and whole; only its survival of a power cut in the next seconds is not sure.
  } finally {
    await folder?.close();
  }
}

async function removeAbandoned(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isTemporaryName(name, basename(target))) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_MS) await unlink(path).catch(() => {});
  }
}

/** Hidden, and with an ending that no checkpoint has. */
function temporaryName(name: string): string {
  return `.${name}.${randomBytes(4).toString('hex')}.tmp`;
}

function isTemporaryName(candidate: string, name: string): boolean {
  return candidate.startsWith(`.${name}.`) && isTemporaryFile(candidate) && candidate.length === name.length + 14;
}

/** Whether a killed write may have left a file of this name. */
export function isTemporaryFile(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}\.tmp$/.test(name);
}

/** Removes what killed writes have left, for a process that has the folder to itself. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (isTemporaryFile(name)) await unlink(join(folder, name));
}
