// Archives that tar writes, in all its formats, and archives that are damaged.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ByteStream, readBytes } from '../../src/data/formats/byte_stream.js';
import { readTar } from '../../src/data/formats/tar.js';
import { pageFile, randomBytes, refusal, tarEntry } from './support.js';

const MOST = 2 ** 20;
const END = new Uint8Array(1024);

async function read(archive: Uint8Array, wanted: readonly string[], most = MOST, mostOfOne = MOST) {
  const stream = await ByteStream.open(pageFile('a.tar', archive), 'a.tar', most);
  return readTar(stream, 'a.tar', new Set(wanted), mostOfOne);
}

describe('readTar', () => {
  const dir = mkdtempSync(join(tmpdir(), 'shuffleblock-tar-'));
  const long = randomBytes(3000, 1);
  const even = randomBytes(1024, 2);
  // Beyond 100 characters, which needs what each format has beside the name.
  const deep = 'folder/'.repeat(20);

  beforeAll(() => {
    mkdirSync(join(dir, 'batches', deep), { recursive: true });
    writeFileSync(join(dir, 'batches/long.bin'), long);
    writeFileSync(join(dir, 'batches/even.bin'), even);
    writeFileSync(join(dir, 'batches/empty.bin'), '');
    writeFileSync(join(dir, 'batches', deep, 'other.bin'), randomBytes(700, 3));
    symlinkSync('long.bin', join(dir, 'batches/link.bin'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(['ustar', 'gnu', 'pax', 'oldgnu'])('reads what tar writes as %s', async (format) => {
    execFileSync('tar', ['-cf', 'a.tar', `--format=${format}`, 'batches'], { cwd: dir });
    const archive = readFileSync(join(dir, 'a.tar'));
    const found = await read(archive, ['long.bin', 'even.bin', 'empty.bin', 'link.bin', 'none.bin']);
    expect([...found.keys()].sort()).toEqual(['empty.bin', 'even.bin', 'long.bin']);
    expect([found.get('long.bin'), found.get('even.bin')].map((bytes) => [...bytes!])).toEqual([[...long], [...even]]);
    expect(found.get('empty.bin')).toHaveLength(0);
    const packed = await read(gzipSync(archive), ['long.bin']);
    expect([...packed.get('long.bin')!]).toEqual([...long]);
  });

  it('takes the first file of a name, and an archive that just ends', async () => {
    const found = await read(Buffer.concat([tarEntry('x/a', even), tarEntry('y/a', long)]), ['a']);
    expect([...found.get('a')!]).toEqual([...even]);
  });

  it('reads on after links, whatever size they tell', async () => {
    const archive = Buffer.concat([tarEntry('l', new Uint8Array(0), '2', 4000), tarEntry('a', even), END]);
    expect([...(await read(archive, ['a', 'l'])).keys()]).toEqual(['a']);
  });

  const whole = Buffer.concat([tarEntry('a', long), END]);
  const wrong = Buffer.from(whole);
  wrong[5] ^= 1;
  const header = 'expected a header of a tar archive, got other bytes';

  it.each([
    ['cut in a file', whole.subarray(0, 2000), 'a.tar: a: expected 3000 bytes, but the archive ends after 1488'],
    [
      'cut in a file of no interest',
      Buffer.from(tarEntry('b', long)).subarray(0, 2000),
      'a.tar: b: expected 3000 bytes',
    ],
    ['cut in a header', whole.subarray(0, 500), `a.tar: block 0: ${header}`],
    ['of a flipped bit', wrong, `a.tar: block 0: ${header}`],
    ['none', randomBytes(2000, 4), `a.tar: block 0: ${header}`],
    ['none after a file', Buffer.concat([tarEntry('b', even), randomBytes(600, 4)]), `a.tar: block 3: ${header}`],
    ['of a huge file', tarEntry('a', even, '0', 0o77777777777), 'a: expected at most 1048576 bytes, got 8589934591'],
    ['cut and packed', gzipSync(whole).subarray(0, 900), 'a.tar: expected a whole gzip file, got: '],
  ])('refuses an archive that is %s', async (_, archive, message) => {
    expect(await refusal(read(archive, ['a']))).toContain(message);
  });

  it('reads no more than its bound, whatever a packed archive holds', async () => {
    const bomb = gzipSync(Buffer.concat([tarEntry('b', new Uint8Array(2 ** 24)), tarEntry('a', even), END]));
    expect(bomb.length).toBeLessThan(20_000);
    expect(await refusal(read(bomb, ['a']))).toBe('a.tar: expected at most 1048576 bytes, unpacked, got more');
    expect(await refusal(read(gzipSync(Buffer.concat([whole, new Uint8Array(2 ** 24)])), ['a']))).toContain('got more');
  });

  it('finds damage behind the last file that it needs', async () => {
    const packed = gzipSync(Buffer.concat([tarEntry('a', even), tarEntry('b', long), END]));
    packed[packed.length - 6] ^= 1; // Of the checksum.
    expect(await refusal(read(packed, ['a']))).toContain('a.tar: expected a whole gzip file, got: ');
  });
});

describe('readBytes', () => {
  const bytes = randomBytes(200_000, 5);

  it.each([
    ['as it is', bytes],
    ['unpacked', gzipSync(bytes)],
  ])('gives a file %s', async (_, contents) => {
    expect(Buffer.compare(await readBytes(pageFile('x', contents), 'x', MOST), bytes)).toBe(0);
  });

  it('gives empty files and those of a byte', async () => {
    expect(await readBytes(pageFile('x'), 'x', MOST)).toHaveLength(0);
    expect([...(await readBytes(pageFile('x', Uint8Array.of(0x1f)), 'x', MOST))]).toEqual([0x1f]);
  });

  it.each([
    ['a large file', pageFile('x', bytes), 'x: expected at most 1000 bytes, unpacked, got more'],
    [
      'a packed one',
      pageFile('x', gzipSync(new Uint8Array(2 ** 22))),
      'x: expected at most 1000 bytes, unpacked, got more',
    ],
    ['half a packed one', pageFile('x', gzipSync(bytes).subarray(0, 400)), 'x: expected a whole gzip file, got: '],
    ['a beginning of one', pageFile('x', Uint8Array.of(0x1f, 0x8b)), 'x: expected a whole gzip file, got: '],
  ])('refuses %s', async (_, file, message) => {
    expect(await refusal(readBytes(file, 'x', 1000))).toContain(message);
  });
});
