// Archives, good and hostile, made here.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Header, Pax } from 'tar';
import type { Archive, FetchableSet } from '../../src/data/fetch/archives.js';
import { randomBytes } from './support.js';

export interface Entry {
  readonly path: string;
  readonly type?: string;
  readonly content?: Uint8Array;
  readonly linkpath?: string;
  /** If it is to announce another size than its content has. */
  readonly size?: number;
  /** Gives the path in an extended header, as long paths are. */
  readonly extended?: boolean;
}

/** A tar file, packed by gzip. */
export function tarArchive(entries: readonly Entry[]): Uint8Array {
  return gzipSync(Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(1024)]), { level: 1 });
}

function entryBlocks(entry: Entry): Uint8Array[] {
  const { path, type = 'File', content = new Uint8Array(0), linkpath, size = content.length, extended } = entry;
  const header = new Header({ path: extended ? 'short' : path, type: type as 'File', linkpath, size, mode: 0o644 });
  header.encode();
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  const blocks = [header.block!, content, padding];
  return extended ? [new Pax({ path }).encode(), ...blocks] : blocks;
}

export const FOLDER = 'tiny-bin';
/** Of files that members of an archive hold. */
export const CONTENT: Readonly<Record<string, Uint8Array>> = {
  'one.bin': randomBytes(100_000, 1),
  'two.bin': randomBytes(777, 2),
};
export const NOTE: Entry = { path: `${FOLDER}/names.txt`, content: Buffer.from('cat\ndog\n') };
export const GOOD: readonly Entry[] = [
  { path: `${FOLDER}/`, type: 'Directory' },
  ...Object.entries(CONTENT).map(([name, content]) => ({ path: `${FOLDER}/${name}`, content })),
  NOTE,
];

/** What is known of an archive of that kind and content. */
export function describeArchive(
  file: string,
  kind: Archive['kind'],
  bytes: Uint8Array,
  names: readonly string[],
): Archive {
  const members = names.map((name) => ({ name, sizeBytes: CONTENT[name].length }));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, kind, sizeBytes: bytes.length, sha256, members };
}

/** A data set of one tar archive, and the archive. */
export function tinySet(url: string, entries: readonly Entry[] = GOOD): { set: FetchableSet; bytes: Uint8Array } {
  const bytes = tarArchive(entries);
  const archive = describeArchive('tiny.tar.gz', 'tar', bytes, Object.keys(CONTENT));
  return { set: { name: 'tiny', url, folder: FOLDER, archives: [archive] }, bytes };
}
