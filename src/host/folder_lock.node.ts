// One process at a time in a folder. Node has no flock, so a file says whose the folder is, and its age that the owner lives.

import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, realpathSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

export const LOCK_NAME = '.lock';

/** How often the owner says that it lives, and after how long a silent owner on another machine is taken for dead. */
const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 120_000;
/** Removing a dead process's lock takes milliseconds: who began longer ago was killed. */
const CLAIM_MS = 10_000;

/** Locks that this process holds. */
const held = new Set<string>();

/** What gives the folder back, or who has it, in words. */
export type LockAttempt = { readonly unlock: () => void } | { readonly owner: string };

/**
 * Takes the folder, also from a process that was killed.
 * @throws Error of the file system if the folder is missing or cannot be written.
 */
export function tryLockFolder(folder: string): LockAttempt {
  const path = join(realpathSync(folder), LOCK_NAME);
  if (held.has(path)) return { owner: `process ${process.pid}` };
  const found = readIfThere(path);
  const owner = found === undefined ? undefined : livingOwner(path, found);
  if (owner !== undefined) return { owner };
  if (found !== undefined) removeDead(path, found);
  if (!create(path)) return { owner: 'another process' };
  held.add(path);
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref();
  let isHeld = true;
  const unlock = () => {
    if (!isHeld) return;
    isHeld = false;
    held.delete(path);
    clearInterval(heartbeat);
    process.off('exit', unlock);
    removeIfThere(path);
  };
  process.on('exit', unlock);
  return { unlock };
}

/** Who holds the lock of that content, in words; nothing if its process is gone. */
function livingOwner(path: string, content: string): string | undefined {
  try {
    const { pid, host } = JSON.parse(content);
    if (host !== hostname()) {
      return ageOf(path) < SILENCE_MS ? `process ${pid} on ${host}` : undefined;
    }
    // In a container a process may have the number that its predecessor had.
    return pid !== process.pid && isAlive(pid) ? `process ${pid}` : undefined;
  } catch {
    // Damaged by a crash of the machine.
    return undefined;
  }
}

/** Whether the owner named by a lock's content lives: for whoever only looks, from another folder or thread of this process too. */
export function isOwnerAlive(content: string, ageMs: number): boolean {
  try {
    const { pid, host } = JSON.parse(content);
    return host === hostname() ? isAlive(pid) : ageMs < SILENCE_MS;
  } catch {
    return false;
  }
}

/** @param pid what a lock says. Numbers below 1 stand for groups of processes, and are in no lock of ours. */
function isAlive(pid: unknown): boolean {
  if (!Number.isInteger(pid) || (pid as number) < 1) return false;
  try {
    process.kill(pid as number, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes the lock with its content in one step, so that nobody sees it half-written. Returns whether it was free. */
function create(path: string): boolean {
  const content = JSON.stringify({ pid: process.pid, host: hostname() });
  const temporary = besideLock(path);
  try {
    writeFileSync(temporary, content);
    return unlessTaken(() => linkSync(temporary, path));
  } catch {
    // The file system has no links (FAT, some network disks): others may see the lock for an instant without content.
    return unlessTaken(() => writeFileSync(path, content, { flag: 'wx' }));
  } finally {
    removeIfThere(temporary);
  }
}

function unlessTaken(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead process's lock. One process at a time: another's new lock would be taken for the dead one otherwise. */
function removeDead(path: string, content: string): void {
  const claim = `${path}.00000000.tmp`;
  if (ageOf(claim) > CLAIM_MS) removeIfThere(claim);
  if (!unlessTaken(() => writeFileSync(claim, '', { flag: 'wx' }))) return;
  if (readIfThere(path) === content) removeIfThere(path);
  removeIfThere(claim);
}

/** Hidden, and of a name that `isTemporaryFile` knows, as that of `removeDead`. */
function besideLock(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.tmp`;
}

/** Milliseconds since a file was last written; 0 if there is none. */
function ageOf(path: string): number {
  const time = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return time === undefined ? 0 : Date.now() - time;
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Somebody has deleted the folder: the next write says so.
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there.
  }
}
