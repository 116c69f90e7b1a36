// The dashboard's page, as Vite built it into dist: all its files, in memory. What is asked for is looked up, and never becomes a path.

import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { InputError } from '../device/index.js';

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** By URL path: `/`, `/assets/index-1a2b.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** @throws InputError if the page was not built. */
export function readPageFiles(folder: string): PageFiles {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(folder)) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const path = `/${name.replaceAll('\\', '/')}`;
    files.set(path === '/index.html' ? '/' : path, { type, bytes: readFileSync(join(folder, name)) });
  }
  if (!files.has('/')) throw new InputError(`${folder}: expected the built dashboard page, got none; npm run build`);
  return files;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
