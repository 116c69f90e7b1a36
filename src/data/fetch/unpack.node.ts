// Unpacks the archive of a data set: exactly the files that it is known to hold, and nothing else. Names in an archive choose among
// these files and never become paths, so that no archive writes elsewhere.

import { closeSync, createReadStream, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { InputError } from '../../device/index.js';
import type { Archive } from './archives.js';

/** Names of classes and a page about the data set lie beside the images. */
const NOTE = /^[\w-][\w.-]*\.(txt|html)$/;
const LARGEST_NOTE_BYTES = 65_536;
const MOST_NOTES = 8;
/** Zeros behind the last file: programs fill their last block of up to this size. */
const MOST_PADDING_BYTES = 2 ** 20;

/**
 * Unpacks the archive at `path` into `target`, an empty folder, and syncs what it writes.
 * @param folder within a tar archive, in which its files lie.
 * @throws InputError if the archive is damaged or holds anything else than its members, or the disk is full.
 */
export async function unpack(archive: Archive, path: string, folder: string, target: string): Promise<void> {
  if (archive.kind === 'tar') return unpackTar(archive, path, folder, target);
  const [{ name, sizeBytes }] = archive.members;
  const output = new OutputFile(join(target, name), sizeBytes);
  try {
    for await (const chunk of gunzipped(path)) output.write(chunk);
    output.finish();
  } finally {
    output.close();
  }
}

/** The parser calls back before `write` returns, so what is thrown here ends the loop. */
async function unpackTar(archive: Archive, path: string, folder: string, target: string): Promise<void> {
  const written = new Set<string>();
  let output: OutputFile | undefined;
  const parser = new Parser({ strict: true, brotli: false, zstd: false });
  parser.on('entry', (entry: ReadEntry) => {
    const name = memberName(archive, folder, entry, written);
    if (name === undefined) return void entry.resume();
    written.add(name);
    const file = new OutputFile(join(target, name), entry.size);
    output = file;
    entry.on('end', () => file.finish());
    entry.on('data', (chunk: Uint8Array) => file.write(chunk));
  });
  // Kinds of entries that the parser does not know, and descriptions of an entry of more than a megabyte.
  parser.on('ignoredEntry', ({ path: name, type }: ReadEntry) => {
    throw new InputError(`expected files only in ${archive.file}, got ${name} of kind ${type}`);
  });
  parser.on('error', (error: Error) => {
    throw new InputError(`expected a tar file in ${archive.file}, got ${error.message}`);
  });
  let hasEnded = false;
  parser.on('eof', () => {
    hasEnded = true;
  });
  try {
    let padding = 0;
    for await (const chunk of gunzipped(path)) {
      if (!hasEnded) parser.write(chunk);
      else padding += chunk.length;
      if (padding > MOST_PADDING_BYTES)
        throw new InputError(`expected ${archive.file} to end behind its files, got more`);
    }
    if (!hasEnded) parser.end();
  } finally {
    output?.close();
  }
  const missing = archive.members.find(({ name }) => !written.has(name));
  if (missing) throw new InputError(`expected ${folder}/${missing.name} in ${archive.file}, got none`);
}

/**
 * The file that an entry is; nothing if it is the folder of them all.
 * @throws InputError if it is anything else.
 */
function memberName(
  { file, members }: Archive,
  folder: string,
  { path, type, size }: ReadEntry,
  written: ReadonlySet<string>,
): string | undefined {
  const refuse = (got: string) => new InputError(`expected ${folder}/ with its files in ${file}, got ${got}`);
  const plain = path.replace(/^\.\//, '');
  if (type === 'Directory' && plain === `${folder}/`) return undefined;
  if (type !== 'File' && type !== 'OldFile') throw refuse(`${path} of kind ${type}`);
  const name = plain.startsWith(`${folder}/`) ? plain.slice(folder.length + 1) : '';
  const member = members.find((candidate) => candidate.name === name);
  if (!member && !NOTE.test(name)) throw refuse(path);
  if (member && size !== member.sizeBytes) throw refuse(`${path} of ${size} bytes instead of ${member.sizeBytes}`);
  if (!member && size > LARGEST_NOTE_BYTES) throw refuse(`${path} of ${size} bytes`);
  if (written.has(name)) throw refuse(`${path} twice`);
  if (written.size === members.length + MOST_NOTES) throw refuse(`more than ${MOST_NOTES} other files`);
  return name;
}

async function* gunzipped(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path);
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of file.pipe(gunzip)) yield chunk;
  } catch (error) {
    throw new InputError(`expected a whole gzip file, got ${(error as Error).message}`);
  } finally {
    file.destroy();
  }
}

/** A new file that is as long as announced, and on the disk, when it is finished. */
class OutputFile {
  private readonly descriptor: number;
  private size = 0;
  private isOpen = true;

  constructor(
    private readonly path: string,
    private readonly sizeBytes: number,
  ) {
    this.descriptor = this.attempt(() => openSync(path, 'wx'));
  }

  write(chunk: Uint8Array): void {
    this.size += chunk.length;
    if (this.size > this.sizeBytes) throw new InputError(`${this.path}: expected ${this.sizeBytes} bytes, got more`);
    this.attempt(() => writeFileSync(this.descriptor, chunk));
  }

  finish(): void {
    if (this.size < this.sizeBytes) {
      throw new InputError(`${this.path}: expected ${this.sizeBytes} bytes, got ${this.size}`);
    }
    this.attempt(() => fsyncSync(this.descriptor));
    this.close();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.descriptor);
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new InputError(
        `expected to write ${this.sizeBytes} bytes to ${this.path}, got ${(error as Error).message}`,
      );
    }
  }
}
