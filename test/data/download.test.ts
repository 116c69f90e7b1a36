// Downloads from a server on this machine that behaves as servers and connections do.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeUrl, download, parseUrl, UnavailableError } from '../../src/data/fetch/download.node.js';
import {
  type Answer,
  broken,
  closedPort,
  type FileServer,
  file,
  serveFiles,
  stalled,
  status,
  whole,
} from './file_server.js';
import { randomBytes, refusal } from './support.js';

const SIZE = 200_000;
const BYTES = randomBytes(SIZE, 1);
const root = mkdtempSync(join(tmpdir(), 'shuffleblock-download-'));
afterAll(() => rmSync(root, { recursive: true }));
let path: string;
let server: FileServer | undefined;
beforeEach(() => {
  path = join(mkdtempSync(join(root, 'case-')), 'archive.part');
});
afterEach(() => server?.close());

const QUICK = { sizeBytes: SIZE, retryMs: 1, stallMs: 5000 };

async function fetchFrom(answers: Answer[], options: Partial<typeof QUICK> = {}): Promise<string[]> {
  server = await serveFiles(...answers);
  await download(new URL('archive', server.url), path, { ...QUICK, ...options });
  return server.requests;
}

function expectWhole(): void {
  expect(readFileSync(path).equals(BYTES)).toBe(true);
}

describe('a download', () => {
  it('brings the file, and says how much is there', async () => {
    const seen: number[] = [];
    server = await serveFiles(file(BYTES));
    await download(new URL('archive', server.url), path, { ...QUICK, onBytes: (present) => seen.push(present) });
    expectWhole();
    expect(seen.at(-1)).toBe(SIZE);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(server.requests).toEqual(['GET /archive']);
  });

  it('takes bytes as they are sent, whatever encoding they are said to have', async () => {
    await fetchFrom([(response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BYTES)]);
    expectWhole();
  });

  it('goes on behind what is there', async () => {
    writeFileSync(path, BYTES.subarray(0, 150_000));
    expect(await fetchFrom([file(BYTES)])).toEqual(['GET /archive bytes=150000-']);
    expectWhole();
  });

  it('asks for nothing if all is there, and begins anew if there is too much', async () => {
    writeFileSync(path, BYTES);
    expect(await fetchFrom([status(500)])).toEqual([]);
    await server!.close();
    writeFileSync(path, new Uint8Array(SIZE + 1));
    expect(await fetchFrom([file(BYTES)])).toEqual(['GET /archive']);
    expectWhole();
  });

  it('goes on after each broken connection, however many', async () => {
    const requests = await fetchFrom([...Array.from({ length: 6 }, () => broken(BYTES, 20_000)), file(BYTES)]);
    expectWhole();
    expect(requests.slice(0, 3)).toEqual(['GET /archive', 'GET /archive bytes=20000-', 'GET /archive bytes=40000-']);
  });

  it('begins anew where a server sends no parts, or another part', async () => {
    writeFileSync(path, BYTES.subarray(0, 150_000));
    expect(await fetchFrom([whole(BYTES)])).toEqual(['GET /archive bytes=150000-']);
    expectWhole();
    await server!.close();
    writeFileSync(path, BYTES.subarray(0, 150_000));
    const elsewhere: Answer = (response) => response.writeHead(206, { 'content-range': 'bytes 7-9/200000' }).end('abc');
    expect(await fetchFrom([elsewhere, file(BYTES)])).toEqual(['GET /archive bytes=150000-', 'GET /archive']);
    expectWhole();
  });

  it('goes on after silence', async () => {
    const requests = await fetchFrom([stalled(BYTES, 50_000), file(BYTES)], { stallMs: 150 });
    expectWhole();
    expect(requests[1]).toBe('GET /archive bytes=50000-');
  });

  it('asks a busy server again', async () => {
    expect((await fetchFrom([status(503), status(429), file(BYTES)])).length).toBe(3);
    expectWhole();
  });

  it('follows redirections, with the part that is asked for', async () => {
    writeFileSync(path, BYTES.subarray(0, 10));
    const requests = await fetchFrom([
      status(302, { location: '/moved' }),
      status(308, { location: 'again' }),
      file(BYTES),
    ]);
    expectWhole();
    expect(requests).toEqual(['GET /archive bytes=10-', 'GET /moved bytes=10-', 'GET /again bytes=10-']);
  });
});

describe('a download that cannot be', () => {
  it.each<[string, Answer, RegExp]>([
    ['404', status(404), /^expected to fetch http:\/\/127\.0\.0\.1:\d+\/archive, got the answer 404 Not Found$/],
    ['a busy server', status(503), /got the answer 503 Service Unavailable, 4 times in a row$/],
    ['redirections in a circle', status(302, { location: '/archive' }), /got more than 5 redirections$/],
    [
      'a redirection out of the web',
      status(302, { location: 'file:///etc/passwd' }),
      /expected an address that begins with http:\/\/ or https:\/\/, got 'file:\/\/\/etc\/passwd'$/,
    ],
    ['a redirection to nowhere', status(302), /got the answer 302 Found$/],
    ['another file', whole(BYTES.subarray(0, 500)), /got a file of 500 bytes instead of 200000$/],
    ['an empty answer', status(204), /got the answer 204 No Content$/],
    [
      'a file without end',
      (response) => {
        const more = () => !response.destroyed && response.write(BYTES, more);
        response.writeHead(200);
        more();
      },
      /got a file of more than 200000 bytes$/,
    ],
    ['a connection that breaks at once', (response) => void response.destroy(), /got socket hang up$/],
    ['a file that ends early', (response) => void response.writeHead(200).end('abc'), /got 3 of 200000 bytes, 4 times/],
  ])('%s', async (_, answer, message) => {
    const work = fetchFrom([answer]);
    expect(await refusal(work)).toMatch(message);
    await expect(work).rejects.toThrow(UnavailableError);
  });

  it('nobody there', async () => {
    const url = new URL('archive', await closedPort());
    expect(await refusal(download(url, path, QUICK))).toBe(
      `expected to fetch ${url}, got connect ECONNREFUSED 127.0.0.1:${url.port}`,
    );
    const unknown = new URL('http://no-such-host.invalid/archive');
    expect(await refusal(download(unknown, path, QUICK))).toMatch(/got getaddrinfo E\w+ no-such-host\.invalid$/);
  });

  it('silence from the start', async () => {
    expect(await refusal(fetchFrom([() => {}], { stallMs: 100 }))).toMatch(/got no byte for 0\.1 s$/);
  });

  it('a server that sends no parts, and breaks later and earlier by turns', async () => {
    const breaking = (after: number): Answer => {
      return (response) => {
        response.writeHead(200, { 'content-length': SIZE });
        response.write(BYTES.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
      };
    };
    const answers = Array.from({ length: 6 }, () => [breaking(400), breaking(200)]).flat();
    expect(await refusal(fetchFrom([...answers, status(404)]))).toMatch(/, 4 times in a row$/);
    expect(server!.requests).toHaveLength(4);
  });

  it('keeps what it has received', async () => {
    expect(await refusal(fetchFrom([broken(BYTES, 30_000), status(404)]))).toMatch(/404/);
    expect(readFileSync(path).equals(BYTES.subarray(0, 30_000))).toBe(true);
  });

  it('a place that cannot be written', async () => {
    path = join(path, 'no', 'folder');
    expect(await refusal(fetchFrom([file(BYTES)]))).toMatch(
      /^expected to write 200000 bytes to .*, got ENOENT: no such file/,
    );
    expect(() => statSync(path)).toThrow();
  });
});

it('parseUrl takes addresses on the web only, and describeUrl keeps secrets', () => {
  expect(describeUrl(parseUrl('https://user:secret@example.org/a/b?token=secret'))).toBe('https://example.org/a/b');
  for (const text of ['', 'example.org/a', 'ftp://example.org/a', '/data/a.tar.gz']) {
    expect(() => parseUrl(text)).toThrow(`expected an address that begins with http:// or https://, got '${text}'`);
  }
});
