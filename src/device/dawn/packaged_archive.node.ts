// Binaries that the npm package `@sparticuz/chromium` carries as brotli archives, unpacked once into the user's cache.
// Optional: it is what gives a bare Linux x86-64 machine a software adapter, and the tests a browser.

import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { cacheFolder } from '../../host/cache_folder.node.js';

const PACKAGE = '@sparticuz/chromium';
const MANIFEST = 'unpacked.json';

/** The package is not installed, or has nothing for this machine. The message says which. */
export class PackageMissingError extends Error {
  override name = 'PackageMissingError';
}

/**
 * The folder that holds the contents of these archives, unpacked now or earlier. Safe to call from several processes at once.
 * @param name of the folder in the cache.
 * @param archives files in the package's `bin`: `NAME.tar.br` holds files, `NAME.br` is one executable called NAME.
 * @throws PackageMissingError if the package is not there or not for this machine.
 */
export async function unpackPackaged(name: string, archives: readonly string[]): Promise<string> {
  const { root, version } = findPackage();
  const folder = join(cacheFolder(), `${name}-${version}`);
  if (isComplete(folder)) return folder;
  const files: PackedFile[] = [];
  for (const archive of archives) {
    const path = join(root, 'bin', archive);
    if (!existsSync(path)) throw new PackageMissingError(`${PACKAGE} ${version} has no bin/${archive}`);
    const bytes = await promisify(brotliDecompress)(readFileSync(path));
    if (archive.endsWith('.tar.br')) files.push(...readTar(bytes));
    else files.push({ path: archive.replace(/\.br$/, ''), mode: 0o755, bytes });
  }
  const fresh = mkdtempSync(`${folder}.`);
  try {
    await writeFiles(fresh, files);
    moveIntoPlace(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

function findPackage(): { root: string; version: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PackageMissingError(`${PACKAGE} is for Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    throw new PackageMissingError(`${PACKAGE} is not installed`);
  }
  let root = dirname(entry);
  while (!existsSync(join(root, 'bin')) && dirname(root) !== root) root = dirname(root);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { root, version };
}

/** Whether every file is there at its full size: a full disk or a cleaned /tmp leaves less. */
function isComplete(folder: string): boolean {
  try {
    const sizes = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Record<string, number>;
    return Object.entries(sizes).every(([path, sizeBytes]) => statSync(join(folder, path)).size === sizeBytes);
  } catch {
    return false;
  }
}

interface PackedFile {
  path: string;
  mode: number;
  bytes: Uint8Array;
}

async function writeFiles(folder: string, files: readonly PackedFile[]): Promise<void> {
  chmodSync(folder, 0o755);
  for (const { path, mode, bytes } of files) {
    const target = resolve(folder, path);
    if (!target.startsWith(folder + sep)) throw new Error(`${basename(folder)}: ${path} lies outside the archive`);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { mode, flush: true });
  }
  const sizes = Object.fromEntries(files.map(({ path, bytes }) => [path, bytes.byteLength]));
  await writeFile(join(folder, MANIFEST), JSON.stringify(sizes));
}

/** Renames `fresh` to `folder`. If another process was quicker, its folder stands; a damaged one is replaced. */
function moveIntoPlace(fresh: string, folder: string): void {
  const damaged = `${fresh}.damaged`;
  for (let attemptsLeft = 3; ; attemptsLeft--) {
    try {
      renameSync(fresh, folder);
      return;
    } catch (error) {
      if (isComplete(folder)) return;
      if (attemptsLeft === 0) throw error;
    }
    try {
      renameSync(folder, damaged);
      rmSync(damaged, { recursive: true, force: true });
    } catch {
      // Another process has moved it away.
    }
  }
}

/** The regular files of a tar archive in ustar format (POSIX.1-1988: 512-byte headers, sizes in octal). */
function readTar(archive: Uint8Array): PackedFile[] {
  const BLOCK = 512;
  const files: PackedFile[] = [];
  const text = (offset: number, length: number) =>
    Buffer.from(archive.buffer, archive.byteOffset + offset, length)
      .toString('utf8')
      .split('\0')[0];
  for (let header = 0; header + BLOCK <= archive.byteLength && archive[header] !== 0; ) {
    const sizeBytes = Number.parseInt(text(header + 124, 12), 8);
    const start = header + BLOCK;
    if (!Number.isInteger(sizeBytes) || start + sizeBytes > archive.byteLength) {
      throw new Error(`tar archive: bad or cut entry at byte ${header}`);
    }
    const isFile = ['0', ''].includes(text(header + 156, 1));
    if (isFile) {
      const prefix = text(header + 345, 155);
      files.push({
        path: (prefix ? `${prefix}/` : '') + text(header, 100),
        mode: Number.parseInt(text(header + 100, 8), 8) & 0o755,
        bytes: archive.subarray(start, start + sizeBytes),
      });
    }
    header = start + Math.ceil(sizeBytes / BLOCK) * BLOCK;
  }
  return files;
}
