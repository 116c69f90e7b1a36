// Archives that hold what they should, and those that hold anything else: no byte of them is written elsewhere.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Archive } from '../../src/data/fetch/archives.js';
import { unpack } from '../../src/data/fetch/unpack.node.js';
import { refusal } from './support.js';
import { CONTENT, describeArchive, type Entry, FOLDER, GOOD, NOTE, tarArchive } from './tar_archive.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-unpack-'));
afterAll(() => rmSync(root, { recursive: true }));
let dir: string;
let target: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
  target = join(dir, 'a', 'target');
  mkdirSync(target, { recursive: true });
});

function unpackBytes(bytes: Uint8Array, kind: Archive['kind'] = 'tar', names = Object.keys(CONTENT)): Promise<void> {
  const path = join(dir, 'archive');
  writeFileSync(path, bytes);
  return unpack(describeArchive('tiny.tar.gz', kind, bytes, names), path, FOLDER, target);
}

/** The message of an archive that is refused, having written nothing but files of the set into `target`. */
async function refused(bytes: Uint8Array, kind: Archive['kind'] = 'tar', names?: string[]): Promise<string> {
  const message = await refusal(unpackBytes(bytes, kind, names));
  const left = readdirSync(dir, { recursive: true, withFileTypes: true });
  for (const { name, parentPath } of left.filter((entry) => !entry.isDirectory())) {
    const allowed = name === 'archive' ? dir : target;
    expect([allowed, name]).toEqual([parentPath, expect.stringMatching(/^(archive|one\.bin|two\.bin|\w+\.txt)$/)]);
  }
  return message;
}

const refusedTar = (...entries: Entry[]) => refused(tarArchive(entries));

function expectContent(names = Object.keys(CONTENT)): void {
  for (const name of names) expect(readFileSync(join(target, name)).equals(CONTENT[name])).toBe(true);
}

describe('a tar archive', () => {
  it('gives its files, and texts beside them', async () => {
    await unpackBytes(tarArchive(GOOD));
    expectContent();
    expect(readFileSync(join(target, 'names.txt'), 'utf8')).toBe('cat\ndog\n');
    expect(readdirSync(target).length).toBe(3);
  });

  it('may lack an entry for its folder, begin paths with ./ or give them in extended headers', async () => {
    const [, one, two] = GOOD;
    await unpackBytes(
      tarArchive([
        { ...one, path: `./${one.path}` },
        { ...two, extended: true },
      ]),
    );
    expectContent();
  });

  const content = CONTENT['two.bin'];
  it.each<[string, Entry]>([
    ['a path upwards', { path: `${FOLDER}/../two.bin`, content }],
    ['a path upwards from the start', { path: '../two.bin', content }],
    ['a path upwards in an extended header', { path: `../${'x'.repeat(300)}.txt`, content, extended: true }],
    ['an absolute path', { path: '/tmp/two.bin', content }],
    ['an absolute path on Windows', { path: 'C:/two.bin', content }],
    ['a backslash', { path: `${FOLDER}\\..\\..\\two.bin`, content }],
    ['a file beside the folder', { path: 'two.bin', content }],
    ['a folder within', { path: `${FOLDER}/deeper/`, type: 'Directory' }],
    ['a file in a folder within', { path: `${FOLDER}/deeper/two.bin`, content }],
    ['another folder', { path: 'other/', type: 'Directory' }],
    ['an unknown file', { path: `${FOLDER}/three.bin`, content }],
    ['a hidden text', { path: `${FOLDER}/.text.txt`, content }],
    ['a large text', { path: `${FOLDER}/large.txt`, content: new Uint8Array(65_537) }],
    ['a member that is longer', { path: `${FOLDER}/two.bin`, content: new Uint8Array(778) }],
    ['a member that is shorter', { path: `${FOLDER}/two.bin`, content: new Uint8Array(776) }],
  ])('with %s is refused', async (_, entry) => {
    const message = await refusedTar(GOOD[0], GOOD[1], entry);
    expect(message.startsWith(`expected ${FOLDER}/ with its files in tiny.tar.gz, got ${entry.path}`), message).toBe(
      true,
    );
  });

  it.each(['SymbolicLink', 'Link', 'CharacterDevice', 'BlockDevice', 'FIFO', 'ContiguousFile'])(
    'with an entry of kind %s is refused',
    async (type) => {
      const linkpath = type.endsWith('Link') ? '../../outside' : undefined;
      const message = await refusedTar(GOOD[0], { path: `${FOLDER}/two.bin`, type, linkpath });
      expect(message).toBe(`expected ${FOLDER}/ with its files in tiny.tar.gz, got ${FOLDER}/two.bin of kind ${type}`);
    },
  );

  it('with a link in the place of its folder is refused', async () => {
    const message = await refusedTar({ path: FOLDER, type: 'SymbolicLink', linkpath: '/tmp' }, ...GOOD.slice(1));
    expect(message).toMatch(/got tiny-bin of kind SymbolicLink$/);
  });

  it('with a file twice, too many texts, or a description of megabytes is refused', async () => {
    expect(await refusedTar(...GOOD, GOOD[2])).toMatch(/got tiny-bin\/two\.bin twice$/);
    const notes = Array.from({ length: 9 }, (_, i) => ({ ...NOTE, path: `${FOLDER}/note${i}.txt` }));
    rmSync(target, { recursive: true });
    mkdirSync(target);
    expect(await refusedTar(...GOOD.slice(0, 3), ...notes)).toMatch(/got more than 8 other files$/);
    rmSync(target, { recursive: true });
    mkdirSync(target);
    const long = { path: 'PaxHeader/x', type: 'ExtendedHeader', content: new Uint8Array(2 ** 20 + 1) };
    expect(await refusedTar(long, ...GOOD)).toMatch(
      /^expected files only in tiny\.tar\.gz, got PaxHeader\/x of kind Ext/,
    );
  });

  it('without a member is refused', async () => {
    expect(await refusedTar(GOOD[0], GOOD[1])).toBe('expected tiny-bin/two.bin in tiny.tar.gz, got none');
  });

  it('that is cut or damaged is refused', async () => {
    const bytes = tarArchive(GOOD);
    const cut = (at: number) => refused(bytes.subarray(0, at));
    const clean = () => {
      rmSync(target, { recursive: true });
      mkdirSync(target);
    };
    for (const at of [0, 1, 100, 50_000, bytes.length - 600, bytes.length - 9]) {
      expect(await cut(at), String(at)).toMatch(/^expected a (whole gzip|tar) file/);
      clean();
    }
    for (const at of [0, 5, 40, 60_000, bytes.length - 5]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 0x55;
      // Not every byte of a gzip header means anything.
      if (at !== 5) expect(await refused(damaged), String(at)).toMatch(/^expected /);
      clean();
    }
    expect(await refused(Buffer.from('<html>not found</html>'))).toMatch(/^expected /);
  });

  it('that goes on without end behind its files is refused', async () => {
    const bytes = tarArchive([...GOOD, { path: `${FOLDER}/zeros.txt`, content: new Uint8Array(1e7), size: 0 }]);
    expect(await refused(bytes)).toBe('expected tiny.tar.gz to end behind its files, got more');
  });
});

describe('a packed file', () => {
  const refusedFile = (bytes: Uint8Array) => refused(bytes, 'gzip', ['one.bin']);

  it('gives what is in it', async () => {
    await unpackBytes(gzipSync(CONTENT['one.bin']), 'gzip', ['one.bin']);
    expectContent(['one.bin']);
  });

  it('that is longer, shorter, cut or no such file is refused', async () => {
    const clean = () => rmSync(join(target, 'one.bin'), { force: true });
    expect(await refusedFile(gzipSync(new Uint8Array(5e6)))).toMatch(/one\.bin: expected 100000 bytes, got more$/);
    clean();
    expect(await refusedFile(gzipSync(new Uint8Array(5)))).toMatch(/one\.bin: expected 100000 bytes, got 5$/);
    clean();
    expect(await refusedFile(gzipSync(CONTENT['one.bin']).subarray(0, 5000))).toMatch(
      /^expected a whole gzip file, got /,
    );
    clean();
    expect(await refusedFile(CONTENT['two.bin'])).toMatch(/^expected a whole gzip file, got incorrect header check$/);
  });
});
