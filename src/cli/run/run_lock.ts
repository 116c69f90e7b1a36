// One process at a time works on a run.

import { InputError } from '../../device/index.js';
import { tryLockFolder } from '../../host/folder_lock.node.js';

/**
 * Takes the folder of a run, also from a process that was killed. Returns what gives it back.
 * @throws InputError if a living process has it, or the folder cannot be written.
 */
export function lockFolder(folder: string): () => void {
  const attempt = lock(folder);
  if ('unlock' in attempt) return attempt.unlock;
  throw new InputError(`${folder}: expected a run that no other process works on, got ${attempt.owner}`);
}

function lock(folder: string) {
  try {
    return tryLockFolder(folder);
  } catch (error) {
    throw new InputError(`${folder}: expected a folder that can be locked, got ${(error as Error).message}`);
  }
}
