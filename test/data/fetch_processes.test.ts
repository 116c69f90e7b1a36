// What processes do to each other, and disks to processes, while a data set is fetched.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FetchableSet } from '../../src/data/fetch/archives.js';
import { buildNodeScript } from '../support/node_script.node.js';
import { type Answer, type FileServer, file, serveFiles } from './file_server.js';
import { CONTENT, describeArchive, FOLDER, tarArchive, tinySet } from './tar_archive.js';

/** Fetches the set of its argument; what it has to say on stderr, the result on stdout. */
const script = await buildNodeScript(
  `const { set, dir } = JSON.parse(process.argv[2]);
   const log = (line: string) => console.error(line);
   shuffleblock.fetchSet(set, dir, { log, retryMs: 1 }).then(
     (isNew: boolean) => console.log(isNew ? 'fetched' : 'present'),
     (error: Error) => { console.error(error.name, error.message); process.exitCode = 2; },
   );`,
  'src/data/fetch/fetch.node.ts',
);
const root = mkdtempSync(join(tmpdir(), 'shuffleblock-processes-'));
afterAll(() => {
  script.dispose();
  rmSync(root, { recursive: true });
});

let dir: string;
let server: FileServer;
let set: FetchableSet;
let bytes: Uint8Array;
beforeEach(async () => {
  dir = mkdtempSync(join(root, 'case-'));
  server = await serveFiles();
  ({ set, bytes } = tinySet(server.url));
  server.answers = [file(bytes)];
});
afterEach(() => server.close());

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param limitKiB of the files that the process writes. */
function start(limitKiB?: number): { child: ChildProcess; ended: Promise<Ended> } {
  const args = [script.path, JSON.stringify({ set, dir })];
  const child =
    limitKiB === undefined
      ? spawn(process.execPath, args)
      : spawn('bash', ['-c', `ulimit -f ${limitKiB}; exec "$0" "$@"`, process.execPath, ...args]);
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream]!.on('data', (chunk) => (text[stream] += chunk));
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ ...text, status: code }))) };
}

/** Sends what is asked for in pieces, and tells how much of the file has gone; the next piece waits for what that takes. */
function slowly(onSent: (position: number) => void | Promise<void>): Answer {
  return async (response, request) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    const head = {
      'content-length': bytes.length - from,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    };
    response.writeHead(from > 0 ? 206 : 200, head);
    for (let position = from; position < bytes.length && !response.destroyed; ) {
      const next = position + 5000;
      response.write(bytes.subarray(position, next));
      position = next;
      await sleep(5);
      await onSent(position);
    }
    response.end();
  };
}

/** Of what is being fetched, on the disk. */
function receivedBytes(): number {
  const folder = join(dir, '.fetch-tiny');
  if (!existsSync(folder)) return 0;
  const sizes = readdirSync(folder, { withFileTypes: true }).map((entry) =>
    entry.isFile() && entry.name.includes('.tar.gz') ? statSync(join(folder, entry.name)).size : 0,
  );
  return Math.max(0, ...sizes);
}

/** Nothing half-written is ever where the data set belongs. */
function isThere(): boolean {
  if (!existsSync(join(dir, FOLDER))) return false;
  for (const { name, sizeBytes } of set.archives[0].members) {
    expect(readFileSync(join(dir, FOLDER, name)).length, name).toBe(sizeBytes);
  }
  return true;
}

function expectFetched(): void {
  for (const [name, content] of Object.entries(CONTENT)) {
    expect(readFileSync(join(dir, FOLDER, name)).equals(content)).toBe(true);
  }
  expect(readdirSync(dir)).toEqual([FOLDER]);
}

describe('two processes at once', () => {
  it('fetch once: one works, the other waits', async () => {
    const first = start();
    let second: ReturnType<typeof start> | undefined;
    server.answers = [
      slowly(async (position) => {
        if (second || position < 20_000) return;
        second = start();
        await new Promise((resolve) => second!.child.stderr!.once('data', resolve)); // It says that it waits.
      }),
    ];
    const ended = await first.ended;
    const both = [ended, await second!.ended];
    expect(both.map(({ stdout }) => stdout).sort()).toEqual(['fetched\n', 'present\n']);
    const waiting = both.find(({ stdout }) => stdout === 'present\n')!;
    expect(waiting.stderr).toMatch(new RegExp(`^waiting for process \\d+, which fetches tiny into ${dir}\n$`));
    expect(server.requests).toEqual(['GET /tiny.tar.gz']);
    expectFetched();
  });

  it('fetch once though one is killed: the other goes on', async () => {
    const first = start();
    let second: ReturnType<typeof start> | undefined;
    server.answers = [
      slowly((position) => {
        second ??= position > 20_000 ? start() : undefined;
        if (position > 80_000) first.child.kill('SIGKILL');
      }),
      file(bytes),
    ];
    expect((await first.ended).status).toBeNull();
    const { stdout, stderr } = await second!.ended;
    expect(stdout).toBe('fetched\n');
    expect(stderr).toMatch(/^going on with /m);
    expect(server.requests.at(-1)).toMatch(/^GET \/tiny\.tar\.gz bytes=\d+-$/);
    expectFetched();
  });
});

it('a process that is killed leaves nothing half-written, and the next goes on', async () => {
  for (const at of [0.1, 0.5, 0.9]) {
    const { child, ended } = start();
    server.answers = [
      slowly(async (position) => {
        if (position <= at * bytes.length) return;
        while (receivedBytes() <= 0.9 * at * bytes.length) await sleep(1); // It is on its way to the disk.
        child.kill('SIGKILL');
      }),
    ];
    expect((await ended).status).toBeNull();
    expect(isThere()).toBe(false);
  }
  // As it unpacks.
  server.answers = [file(bytes)];
  const { child, ended } = start();
  const unpacked = join(dir, '.fetch-tiny', 'unpacked');
  while (!existsSync(unpacked) && child.exitCode === null) await sleep(1);
  const watcher = watch(unpacked, () => child.kill('SIGKILL'));
  await ended;
  watcher.close();
  isThere();
  expect((await start().ended).stderr).not.toMatch(/Error/);
  expectFetched();
  // Each took up what the one before had received.
  const starts = server.requests.map((request) => Number(/bytes=(\d+)-/.exec(request)?.[1] ?? 0));
  expect(starts.length).toBeGreaterThanOrEqual(4);
  for (const [i, at] of [0.05, 0.4, 0.8].entries()) expect(starts[i + 1]).toBeGreaterThan(at * bytes.length);
});

/** Bounds what can be written: by a small disk where the system lets us mount one, otherwise by a limit of the process's files. */
function smallDisk(sizeKiB: number): { start: () => Promise<Ended>; grow: () => void } {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    let limit: number | undefined = sizeKiB;
    return {
      start: () => start(limit).ended,
      grow: () => {
        limit = undefined;
      },
    };
  }
  mounts.push(dir);
  const mounted = dir;
  return {
    start: () => start().ended,
    grow: () => void execFileSync('mount', ['-o', 'remount,size=16m', mounted]),
  };
}

const mounts: string[] = [];
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
});

describe('a full disk', () => {
  const FULL = /got (ENOSPC: no space left on device|EFBIG: file too large), write\n$/;

  it('keeps what was received, for when there is room', async () => {
    const disk = smallDisk(64);
    const { status, stderr } = await disk.start();
    expect(status).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^InputError tiny: expected to write ${bytes.length} bytes to .*tiny\\.tar\\.gz\\.part, got `, 'm'),
    );
    expect(stderr).toMatch(FULL);
    expect(readdirSync(dir)).toEqual(['.fetch-tiny']);
    disk.grow();
    expect((await disk.start()).stdout).toBe('fetched\n');
    expect(server.requests[1]).toMatch(/bytes=\d{4,}-$/);
    expectFetched();
  });

  it('takes nothing for a data set that could not be unpacked, and keeps the archive', async () => {
    bytes = tarArchive([{ path: `${FOLDER}/zeros.bin`, content: new Uint8Array(2e6) }]);
    set = {
      ...set,
      archives: [
        { ...describeArchive('tiny.tar.gz', 'tar', bytes, []), members: [{ name: 'zeros.bin', sizeBytes: 2e6 }] },
      ],
    };
    server.answers = [file(bytes)];
    const disk = smallDisk(300);
    const { status, stderr } = await disk.start();
    expect(status).toBe(2);
    expect(stderr).toMatch(/^InputError tiny: expected to write 2000000 bytes to .*zeros\.bin, got /m);
    expect(stderr).toMatch(FULL);
    expect(readdirSync(join(dir, '.fetch-tiny'))).toEqual(['tiny.tar.gz.part']);
    disk.grow();
    expect((await disk.start()).stdout).toBe('fetched\n');
    expect(server.requests.length).toBe(1);
    expect(isThere()).toBe(true);
  });

  it('is met by a limit of file sizes, too', async () => {
    mkdirSync(dir, { recursive: true });
    const { status, stderr } = await start(64).ended;
    expect([status, stderr.match(FULL)?.[1]]).toEqual([2, 'EFBIG: file too large']);
    expect(readdirSync(join(dir, '.fetch-tiny'))).toEqual(['tiny.tar.gz.part']);
  });
});
