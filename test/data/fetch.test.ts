// Data sets from a server on this machine into a folder: whole, or not at all.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FetchableSet } from '../../src/data/fetch/archives.js';
import { type FetchOptions, fetchSet, isComplete } from '../../src/data/fetch/fetch.node.js';
import { type Answer, broken, closedPort, type FileServer, file, serveFiles, status, whole } from './file_server.js';
import { refusal } from './support.js';
import { CONTENT, describeArchive, FOLDER, GOOD, tinySet } from './tar_archive.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-fetch-'));
afterAll(() => rmSync(root, { recursive: true }));
let dir: string;
let server: FileServer;
let set: FetchableSet;
let bytes: Uint8Array;
beforeEach(async () => {
  dir = join(mkdtempSync(join(root, 'case-')), 'data');
  server = await serveFiles(status(500));
  ({ set, bytes } = tinySet(server.url));
  answer(file(bytes));
});
afterEach(() => server.close());

const WORK = '.fetch-tiny';
const answer = (...answers: Answer[]) => {
  server.answers = answers;
};
const fetchTiny = (options: FetchOptions = {}) => fetchSet(set, dir, { retryMs: 1, stallMs: 5000, ...options });

function put(path: string, content: Uint8Array | string): void {
  mkdirSync(join(dir, path, '..'), { recursive: true });
  writeFileSync(join(dir, path), content);
}

/** Every file below `dir` by its path. */
function files(): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1));
}

function expectContent(folder: string): void {
  for (const [name, content] of Object.entries(CONTENT)) {
    expect(readFileSync(join(dir, folder, name)).equals(content)).toBe(true);
  }
}

describe('fetchSet', () => {
  it('brings the files, once', async () => {
    const lines: string[] = [];
    const seen: number[][] = [];
    expect(await fetchTiny({ log: (line) => lines.push(line), onBytes: (...counts) => seen.push(counts) })).toBe(true);
    expectContent(FOLDER);
    expect(readdirSync(dir)).toEqual([FOLDER]);
    expect(lines).toEqual([`fetching ${server.url}tiny.tar.gz (${(bytes.length / 1e6).toFixed(1)} MB)`]);
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(await fetchTiny()).toBe(false);
    expect(server.requests).toEqual(['GET /tiny.tar.gz']);
  });

  it('takes the archive from another address, or from a folder at one', async () => {
    await fetchTiny({ url: `${server.url}mirror/other-name.tgz` });
    rmSync(dir, { recursive: true });
    await fetchTiny({ url: `${server.url}mirror/?key=1` });
    expect(server.requests).toEqual(['GET /mirror/other-name.tgz', 'GET /mirror/tiny.tar.gz?key=1']);
    expectContent(FOLDER);
  });

  it('brings a set of several packed files, of which some may be there', async () => {
    const names = Object.keys(CONTENT);
    const packed = names.map((name) => gzipSync(CONTENT[name]));
    const archives = names.map((name, i) => describeArchive(`${name}.gz`, 'gzip', packed[i], [name]));
    set = { ...set, folder: 'TINY/raw', archives };
    answer(file(packed[0]), file(packed[1]));
    const seen: number[] = [];
    await fetchTiny({ url: `${server.url}tiny`, onBytes: (present) => seen.push(present) });
    expect(server.requests).toEqual(['GET /tiny/one.bin.gz', 'GET /tiny/two.bin.gz']);
    expectContent('TINY/raw');
    expect(seen.at(-1)).toBe(packed[0].length + packed[1].length);

    rmSync(dir, { recursive: true });
    put('one.bin.gz', packed[0]);
    expect(await isComplete(set, dir)).toBe(false);
    answer(file(packed[1]));
    await fetchTiny();
    expectContent('');
    rmSync(dir, { recursive: true });
    put('one.bin.gz', packed[0]);
    put('TINY/raw/two.bin', CONTENT['two.bin']);
    expect(await isComplete(set, dir)).toBe(true);
  });

  it('asks for nothing if the files or the archive are there, and leaves them', async () => {
    for (const [name, content] of Object.entries(CONTENT)) put(name, content);
    expect(await fetchTiny()).toBe(false);
    rmSync(dir, { recursive: true });
    put('tiny.tar.gz', bytes);
    expect(await fetchTiny()).toBe(true);
    expectContent(FOLDER);
    expect(readdirSync(dir).sort()).toEqual([FOLDER, 'tiny.tar.gz']);
    expect(server.requests).toEqual([]);
  });

  it.each(['', FOLDER])('replaces files in DIR/%s where it is told to, and leaves others', async (place) => {
    put(join(place, 'one.bin'), 'damaged');
    put(join(place, 'two.bin'), CONTENT['two.bin']);
    put(join(place, 'mine.md'), 'mine');
    expect(await fetchTiny()).toBe(false);
    expect(await fetchTiny({ force: true })).toBe(true);
    expectContent(place);
    expect(files().sort()).toEqual(['mine.md', 'names.txt', 'one.bin', 'two.bin'].map((name) => join(place, name)));
  });

  it('completes a set', async () => {
    put(join(FOLDER, 'two.bin'), CONTENT['two.bin']);
    expect(await fetchTiny()).toBe(true);
    expectContent(FOLDER);
  });

  it('goes on with what an earlier attempt has received', async () => {
    answer(broken(bytes, 40_000), status(404));
    expect(await refusal(fetchTiny())).toMatch(
      /^tiny: expected to fetch .*, got the answer 404 Not Found; without a network/,
    );
    expect(files()).toEqual([join(WORK, 'tiny.tar.gz.part')]);
    answer(file(bytes));
    const lines: string[] = [];
    await fetchTiny({ log: (line) => lines.push(line) });
    expect(lines[0]).toMatch(/^going on with /);
    expect(server.requests.at(-1)).toBe('GET /tiny.tar.gz bytes=40000-');
    expectContent(FOLDER);
    expect(readdirSync(dir)).toEqual([FOLDER]);
  });

  it('begins anew if the file has changed in between', async () => {
    put(join(WORK, 'tiny.tar.gz.part'), new Uint8Array(40_000));
    put(join(WORK, 'unpacked', 'one.bin'), 'of a killed process');
    await fetchTiny();
    expect(server.requests).toEqual(['GET /tiny.tar.gz bytes=40000-', 'GET /tiny.tar.gz']);
    expectContent(FOLDER);
  });
});

describe('fetchSet refuses, and leaves nothing behind,', () => {
  const expectNothing = () => expect(existsSync(dir)).toBe(false);

  it('without a network, and says which file to put where', async () => {
    const url = await closedPort();
    expect(await refusal(fetchTiny({ url }))).toBe(
      `tiny: expected to fetch ${url}tiny.tar.gz, got connect ECONNREFUSED ${new URL(url).host}; ` +
        `without a network, put tiny.tar.gz from elsewhere into ${dir}`,
    );
    expectNothing();
  });

  it('an address that is none', async () => {
    expect(await refusal(fetchTiny({ url: 'mirror/tiny' }))).toMatch(
      /^tiny: expected an address .*, got 'mirror\/tiny'; /,
    );
    expectNothing();
  });

  it('a file of another content', async () => {
    answer(whole(new Uint8Array(bytes.length)));
    expect(await refusal(fetchTiny())).toMatch(
      new RegExp(
        `^tiny: expected SHA-256 ${set.archives[0].sha256} of ${server.url}tiny\\.tar\\.gz, got [0-9a-f]{64}; `,
      ),
    );
    expectNothing();
    expect(server.requests.length).toBe(1);
  });

  it('an archive in the folder that is not the official one', async () => {
    put('tiny.tar.gz', 'something else');
    expect(await refusal(fetchTiny())).toMatch(/^tiny: expected SHA-256 \w+ of .*\/data\/tiny\.tar\.gz, got \w+$/);
    expect(files()).toEqual(['tiny.tar.gz']);
  });

  it('an archive with something else in it, though it is the official one', async () => {
    ({ set, bytes } = tinySet(server.url, [...GOOD, { path: '../evil.txt', content: Buffer.from('evil') }]));
    answer(file(bytes));
    expect(await refusal(fetchTiny())).toMatch(
      /^tiny: expected tiny-bin\/ with its files in tiny\.tar\.gz, got \.\.\/evil\.txt$/,
    );
    expect(files()).toEqual([join(WORK, 'tiny.tar.gz.part')]);
    expect(readdirSync(join(dir, '..'))).toEqual(['data']);
  });

  it('a folder that cannot be made, or is none', async () => {
    writeFileSync(join(dir, '..', 'file'), '');
    dir = join(dir, '..', 'file');
    expect(await refusal(fetchTiny())).toMatch(/^tiny: expected a folder that can be written, got ENOTDIR/);
    dir = join(dir, '..', 'data');
    mkdirSync(dir);
    symlinkSync('nowhere', join(dir, FOLDER));
    expect(await refusal(fetchTiny())).toMatch(/^tiny: expected to move what was fetched to .*tiny-bin, got ENOTDIR/);
    expect(files().sort()).toEqual([join(WORK, 'tiny.tar.gz.part'), FOLDER].sort());
  });

  it('an existing empty folder stays', async () => {
    mkdirSync(dir);
    answer(status(404));
    await refusal(fetchTiny());
    expect(readdirSync(dir)).toEqual([]);
  });
});
