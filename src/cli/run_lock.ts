// One process at a time in a run folder. Node has no flock, so a file says whose the folder is, and its age that the owner lives.

import { readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../device/index.js';

export const LOCK_NAME = '.lock';

/** How often the owner says that it lives, and after how long a silent owner on another machine is taken for dead. */
const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 120_000;

/**
 * Takes the folder, also from a process that was killed. Returns what gives it back.
 * @throws InputError if a living process has it, or the folder cannot be written.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_NAME);
  const owner = livingOwner(path);
  if (owner !== undefined)
    throw new InputError(`${folder}: expected a run that no other process works on, got ${owner}`);
  removeIfThere(path);
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
  } catch (error) {
    throw new InputError(`${folder}: expected a folder that can be locked, got ${(error as Error).message}`);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref();
  let isHeld = true;
  const unlock = () => {
    if (!isHeld) return;
    isHeld = false;
    clearInterval(heartbeat);
    process.off('exit', unlock);
    removeIfThere(path);
  };
  process.on('exit', unlock);
  return unlock;
}

/** Who holds the lock, in words; nothing if nobody does, or its process is gone. */
function livingOwner(path: string): string | undefined {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8'));
    if (host !== hostname()) {
      return Date.now() - statSync(path).mtimeMs < SILENCE_MS ? `process ${pid} on ${host}` : undefined;
    }
    // In a container a process may have the number that its predecessor had.
    return pid !== process.pid && isAlive(pid) ? `process ${pid}` : undefined;
  } catch {
    // No lock, or one that was never finished.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Somebody has deleted the folder: the next save says so.
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there.
  }
}
