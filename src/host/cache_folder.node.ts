// The folder for what can be made again: unpacked archives, indexes of data sets, measured tilings. Nothing of the user's lies there.

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from './input_error.js';

/**
 * `shuffleblock` in the user's cache folder, or a private folder among the temporary files where there is no such.
 * @throws InputError if neither can be written.
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, HOME, USERPROFILE } = process.env;
  const home = HOME || USERPROFILE;
  const caches = XDG_CACHE_HOME || (home && join(home, '.cache'));
  const temporary = join(tmpdir(), `shuffleblock-${process.getuid?.() ?? 'user'}`);
  const candidates = caches ? [join(caches, 'shuffleblock'), temporary] : [temporary];
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      rmSync(mkdtempSync(join(folder, 'writable.')), { recursive: true });
    } catch {
      continue;
    }
    if (isPrivate(folder)) return folder;
  }
  throw new InputError(`cannot write ${candidates.join(' or ')}; set XDG_CACHE_HOME to a folder of your own`);
}

/** What lies here is loaded as native code, so nobody else may have put it here. Windows knows neither such owners nor such modes. */
function isPrivate(folder: string): boolean {
  if (!process.getuid) return true;
  const { uid, mode } = statSync(folder);
  return uid === process.getuid() && (mode & 0o022) === 0;
}
