// The folder for what can be made again: unpacked archives, indexes of data sets. Nothing of the user's lies there.

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `shuffleblock` in the user's cache folder, or a private folder among the temporary files where there is no such.
 * @throws Error if neither can be written.
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  const temporary = join(tmpdir(), `shuffleblock-${process.getuid?.() ?? 'user'}`);
  const candidates = caches ? [join(caches, 'shuffleblock'), temporary] : [temporary];
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      rmSync(mkdtempSync(join(folder, 'writable.')), { recursive: true });
    } catch {
      continue;
    }
    // What lies here is loaded as native code, so nobody else may have put it here.
    const { uid, mode } = statSync(folder);
    if (uid === process.getuid?.() && (mode & 0o022) === 0) return folder;
  }
  throw new Error(`cannot write ${candidates.join(' or ')}; set XDG_CACHE_HOME to a folder of your own`);
}
