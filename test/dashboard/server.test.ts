// The dashboard's server, and whoever asks it for what is not theirs.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryReply, LayersReply, RunsReply } from '../../src/dashboard/messages.js';
import { readPageFiles } from '../../src/dashboard/page_files.node.js';
import { RunsFolder } from '../../src/dashboard/runs_folder.node.js';
import { type Dashboard, startServer } from '../../src/dashboard/server.node.js';
import { parseSafetensors } from '../../src/train/files/safetensors_reader.js';
import { storedWeight } from '../../src/train/index.js';
import { blockCheckpoint, epochLine, stepLine, temporaryFolder, text, writeRun } from './support.js';

const outside = temporaryFolder();
const folder = join(outside, 'runs');
const SECRET = 'what nobody may read';
const page = new Map([
  ['/', { type: 'text/html', bytes: Buffer.from('<!doctype html>') }],
  ['/assets/index.js', { type: 'text/javascript', bytes: Buffer.from('export {};') }],
]);
let dashboard: Dashboard;

beforeAll(async () => {
  writeRun(folder, 'first', [stepLine(0), stepLine(1), epochLine(0, 2)]);
  writeRun(outside, 'beside', [stepLine(0)]);
  writeFileSync(join(outside, 'secret.txt'), SECRET);
  writeFileSync(join(folder, 'first', 'notes.txt'), SECRET);
  dashboard = await startServer({ runs: await RunsFolder.at(folder), page, host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await dashboard?.close();
  rmSync(outside, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The path goes out as it is: no client tidies it. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; port?: number } = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { method = 'GET', headers, port = dashboard.port } = options;
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers, setHost: headers?.Host === undefined },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () =>
          done({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
        );
      },
    );
    sent.on('error', fail).end();
  });
}

async function json<T>(path: string): Promise<T> {
  const { status, body } = await ask(path);
  expect(status, body.toString()).toBe(200);
  return JSON.parse(body.toString());
}

const query = (path: string, values: Record<string, string | number>) =>
  `${path}?${Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')}`;
const history = (run: string, values: Record<string, number> = {}) => query('/api/history', { run, ...values });

describe('what it tells', () => {
  it('is the page, with headers that keep everything else out', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body.toString()).toBe('<!doctype html>');
    expect(headers).toMatchObject({
      'content-type': 'text/html',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect((await ask('/assets/index.js?v=1')).headers['content-type']).toBe('text/javascript');
  });

  it('is the runs, without the paths in their configuration', async () => {
    const { body } = await ask('/api/runs');
    const { runs } = JSON.parse(body.toString()) as RunsReply;
    expect(runs).toMatchObject([{ name: 'first', isLive: false, config: { model: 'lenet5', method: 'dsb' } }]);
    expect(body.toString()).not.toContain('/secret/images');
  });

  it('is the history of a run, and then what is new', async () => {
    const reply = await json<HistoryReply>(history('first'));
    expect(reply).toMatchObject({ steps: { step: [1, 2] }, epochs: { step: [2] }, bytesLeft: 0, damagedLines: 0 });
    const more = await json<HistoryReply>(
      history('first', { edition: reply.edition, steps: 2, epochs: 1, updates: 0 }),
    );
    expect(more).toMatchObject({ edition: reply.edition, begin: { steps: 1, epochs: 0 }, steps: { step: [2] } });
  });

  it('takes numbers that are none for 0', async () => {
    for (const value of ['-1', '1e9', 'NaN', '', '1.5', '0x10', '99999999999999999999']) {
      const { status, body } = await ask(`/api/history?run=first&edition=${value}&steps=${value}`);
      expect(status, value).toBe(200);
      expect(JSON.parse(body.toString()).steps.step).toEqual([1, 2]);
    }
  });

  it('is a run without metrics, without a configuration, with another one', async () => {
    mkdirSync(join(folder, 'bare'));
    writeFileSync(join(folder, 'bare', 'metrics.jsonl'), text([stepLine(0)]));
    mkdirSync(join(folder, 'begun'));
    writeFileSync(join(folder, 'begun', 'config.json'), '{"model":"lenet5"}');
    mkdirSync(join(folder, 'no run'));
    const { runs } = await json<RunsReply>('/api/runs');
    const entries = Object.fromEntries(runs.map((entry) => [entry.name, entry]));
    expect(Object.keys(entries).sort()).toEqual(['bare', 'begun', 'first']);
    expect(entries.bare).toMatchObject({ problem: 'no config.json' });
    expect(entries.begun).toMatchObject({
      problem: expect.stringMatching(/^config\.json: \w+: expected/),
      metricsBytes: 0,
    });
    expect(await json<HistoryReply>(history('begun'))).toMatchObject({ lines: 0, bytesLeft: 0 });
    for (const name of ['bare', 'begun', 'no run']) rmSync(join(folder, name), { recursive: true });
  });

  it('ends when a run is removed, and begins when it is back', async () => {
    writeRun(folder, 'short', [stepLine(0), stepLine(1)]);
    const { edition } = await json<HistoryReply>(history('short'));
    renameSync(join(folder, 'short'), join(outside, 'away'));
    expect((await ask(history('short', { edition, steps: 2 }))).status).toBe(404);
    expect((await json<RunsReply>('/api/runs')).runs.map(({ name }) => name)).toEqual(['first']);
    writeRun(folder, 'short', [stepLine(0, 9)]);
    expect(await json<HistoryReply>(history('short', { edition, steps: 2 }))).toMatchObject({ steps: { loss: [9] } });
    rmSync(join(folder, 'short'), { recursive: true });
  });

  it('says that a run is live while a living process has it', async () => {
    const lock = join(folder, 'first', '.lock');
    const isLive = async () => (await json<RunsReply>('/api/runs')).runs[0].isLive;
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
    expect(await isLive()).toBe(true);
    // A killed process leaves its lock.
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
    expect(await isLive()).toBe(false);
    writeFileSync(lock, 'damaged');
    expect(await isLive()).toBe(false);
    rmSync(lock);
  });
});

/** In the last of its weights. */
const withFlippedBit = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length - 2 ? byte ^ 1 : byte));

describe('weights of a checkpoint', () => {
  const path = () => join(folder, 'first', 'checkpoint-last.safetensors');

  it('are its layers, and of each the tensors', async () => {
    writeFileSync(path(), blockCheckpoint({ step: 25 }));
    const { step, layers, checkpoint } = await json<LayersReply>('/api/layers?run=first');
    expect(step).toBe(25);
    expect(layers).toEqual([
      { name: 'fc1', shape: [8, 12], pattern: '2 blocks of 4', active: 32, size: 96 },
      { name: 'fc2', shape: [2, 3], pattern: 'mask', active: 2, size: 6 },
      { name: 'fc3', shape: [1, 2], pattern: 'dense', active: 2, size: 2 },
    ]);
    expect((await json<RunsReply>('/api/runs')).runs[0].checkpoint).toBe(checkpoint);
    const { body } = await ask('/api/weight?run=first&layer=fc2');
    const { tensors, metadata } = parseSafetensors(body, 'answer');
    expect(metadata).toMatchObject({ step: '25', shape: '[2,3]' });
    expect([...tensors.keys()]).toEqual(['fc2.weight', 'fc2.weight_mask']);
    expect([...storedWeight(tensors, 'fc2', [2, 3], 'answer').values()]).toEqual([1, NaN, NaN, NaN, 5, NaN]);
    expect((await ask('/api/weight?run=first&layer=conv9')).status).toBe(404);
  });

  it('are read anew after the next save', async () => {
    writeFileSync(`${path()}.tmp`, blockCheckpoint({ step: 50 }));
    renameSync(`${path()}.tmp`, path());
    expect((await json<LayersReply>('/api/layers?run=first')).step).toBe(50);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['damaged', withFlippedBit(blockCheckpoint({})), /a damaged checkpoint/],
    ['of random bytes', new Uint8Array(1000).fill(7), /expected a safetensors file, got one that begins with/],
    ['empty', new Uint8Array(), /expected at least 8 bytes/],
    ['of an earlier version', blockCheckpoint({ shapes: undefined }), /saved by an earlier version/],
    ['with other shapes', blockCheckpoint({ shapes: { fc2: [3, 3] } }), /fc2\.weight: expected a tensor \[3,3\]/],
    ['with tables of another layer', blockCheckpoint({ shapes: { fc1: [8, 3] } }), /fc1\.weight\.blocks/],
    ['with too many weights', blockCheckpoint({ shapes: { fc1: [8, 2 ** 21] } }), /at most 8388608 weights/],
  ])('are refused in a sentence if the checkpoint is %s', async (_, bytes, message) => {
    writeFileSync(path(), bytes);
    const answers = await Promise.all([ask('/api/layers?run=first'), ask('/api/weight?run=first&layer=fc1')]);
    const [refused] = answers.filter(({ status }) => status !== 200);
    expect(refused.status).toBe(422);
    expect(JSON.parse(refused.body.toString()).error).toMatch(message);
    rmSync(path());
  });

  it('are none without a checkpoint', async () => {
    expect((await ask('/api/layers?run=first')).status).toBe(404);
  });
});

describe('who asks for what is not theirs', () => {
  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/first/notes.txt',
    '/runs/first/config.json',
    '//etc/passwd',
    '/etc/passwd',
    'file:///etc/passwd',
    'http://127.0.0.1/etc/passwd',
    '/api/history?run=..',
    '/api/history?run=.',
    '/api/history?run=',
    '/api/history',
    '/api/history?run=../beside',
    '/api/history?run=..%2Fbeside',
    '/api/history?run=first/../../beside',
    '/api/history?run=first%00',
    '/api/history?run=/etc',
    '/api/layers?run=..%5Cbeside',
    '/api/weight?run=first&layer=../../secret.txt',
    '/api/__proto__',
    '/constructor',
    '/api/history?run=__proto__',
  ])('gets nothing: %s', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(404);
    expect(body.toString()).toBe('{"error":"there is no such thing"}');
  });

  it.each(['http://[', '//[', '/%'])('gets an answer to a path that is none: %s', async (path) => {
    expect((await ask(path)).status).toBeGreaterThanOrEqual(400);
    expect((await ask('/')).status).toBe(200);
  });

  it('gets nothing through symbolic links', async () => {
    symlinkSync(join(outside, 'beside'), join(folder, 'linked run'));
    mkdirSync(join(folder, 'linked files'));
    writeFileSync(join(folder, 'linked files', 'config.json'), '{}');
    const lines = join(outside, 'lines.jsonl');
    writeFileSync(lines, text([stepLine(0)]));
    symlinkSync(lines, join(folder, 'linked files', 'metrics.jsonl'));
    writeFileSync(join(outside, 'model.safetensors'), blockCheckpoint({}));
    symlinkSync(join(outside, 'model.safetensors'), join(folder, 'linked files', 'checkpoint-last.safetensors'));
    const { runs } = await json<RunsReply>('/api/runs');
    expect(runs.map(({ name }) => name).sort()).toEqual(['first', 'linked files']);
    expect((await ask(history('linked run'))).status).toBe(404);
    expect(await json<HistoryReply>(history('linked files'))).toMatchObject({ lines: 0 });
    expect((await ask('/api/layers?run=linked%20files')).status).toBe(404);
    for (const name of ['linked run', 'linked files']) rmSync(join(folder, name), { recursive: true });
  });

  it('gets nothing of a folder that becomes a link after it was listed', async () => {
    writeRun(folder, 'turned', [stepLine(0)]);
    const runs = await RunsFolder.at(folder);
    expect((await runs.list()).runs.map(({ name }) => name)).toContain('turned');
    // The list is from before: only the check at the file itself is left.
    runs.has = async () => true;
    rmSync(join(folder, 'turned'), { recursive: true });
    symlinkSync(join(outside, 'beside'), join(folder, 'turned'));
    expect(await runs.open('turned', 'metrics.jsonl')).toBeUndefined();
    const handle = await runs.open('first', 'metrics.jsonl');
    expect(handle).toBeDefined();
    await handle?.close();
    rmSync(join(folder, 'turned'));
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('may not %s', async (method) => {
    const { status, headers } = await ask('/api/runs', { method });
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
  });

  it('gets the headers alone of HEAD', async () => {
    const { status, headers, body } = await ask('/', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, '15', 0]);
  });

  it.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1@evil.example',
    '127.evil.example',
    '192.168.0.7',
    '0.0.0.0',
    '[::1',
    '[::2]',
    'localhost:80:80',
    'localhost/',
    '',
  ])('is refused under another name (DNS rebinding): %s', async (Host) => {
    for (const path of ['/', '/api/runs', history('first')]) {
      const { status, body } = await ask(path, { headers: { Host } });
      expect(status, path).toBe(403);
      expect(body.toString()).not.toContain('first');
    }
  });

  it.each(['localhost', 'LOCALHOST:6060', '127.0.0.1:1', '[::1]:6060', '127.0.0.2'])(
    'is answered as %s',
    async (Host) => {
      expect((await ask('/', { headers: { Host } })).status).toBe(200);
    },
  );

  it('is refused with giant addresses and headers, and the next one is answered', async () => {
    expect((await ask(`/?${'x'.repeat(3000)}`)).status).toBe(414);
    expect((await ask(history('x'.repeat(7000)))).status).toBe(414);
    expect((await ask(`/?${'x'.repeat(100_000)}`)).status).toBe(431);
    expect((await ask('/', { headers: { Cookie: 'x'.repeat(100_000) } })).status).toBe(431);
    expect((await ask('/')).status).toBe(200);
  });

  it('is cut off when it speaks no HTTP, and the next one is answered', async () => {
    const said = await new Promise<string>((done, fail) => {
      const socket = connect(dashboard.port, '127.0.0.1', () => socket.end('\u0000\u0001 nonsense\r\n\r\n'));
      let heard = '';
      socket
        .on('data', (part) => (heard += part))
        .on('close', () => done(heard))
        .on('error', fail);
    });
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask('/')).status).toBe(200);
  });
});

describe('a server for others', () => {
  it('answers to its own names and to addresses in numbers, to no other name', async () => {
    const runs = await RunsFolder.at(folder);
    const open = await startServer({ runs, page, host: '0.0.0.0', port: 0 });
    const status = async (Host: string) => (await ask('/', { port: open.port, headers: { Host } })).status;
    expect(await status('192.168.0.7:6060')).toBe(200);
    expect(await status(hostname())).toBe(200);
    expect(await status('localhost')).toBe(200);
    expect(await status('evil.example')).toBe(403);
    await open.close();
  });

  it('refuses a port that is taken, an address that is none, and a folder that is not there', async () => {
    const runs = await RunsFolder.at(folder);
    const start = (host: string, port: number) => startServer({ runs, page, host, port });
    await expect(start('127.0.0.1', dashboard.port)).rejects.toThrow(/port \d+: expected an address to listen on, got/);
    await expect(start('203.0.113.7', 0)).rejects.toThrow(/^203\.0\.113\.7, port 0: expected an address/);
    await expect(RunsFolder.at(join(outside, 'nowhere'))).rejects.toThrow(/expected a folder of runs, got/);
    await expect(RunsFolder.at(join(outside, 'secret.txt'))).rejects.toThrow(/expected a folder of runs, got a file/);
    expect(() => readPageFiles(join(outside, 'nowhere'))).toThrow(/expected the built dashboard page, got none/);
  });

  it('of one run shows no other', async () => {
    writeRun(folder, 'second', [stepLine(0)]);
    const runs = await RunsFolder.at(folder, 'second');
    expect((await runs.list()).runs.map(({ name }) => name)).toEqual(['second']);
    expect(await runs.has('first')).toBe(false);
    rmSync(join(folder, 'second'), { recursive: true });
  });
});
