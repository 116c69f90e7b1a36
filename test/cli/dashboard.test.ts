// shuffleblock dashboard, and train --dashboard: as a user starts them, rightly and wrongly.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HistoryReply, RunsReply } from '../../src/dashboard/messages.js';
import { stepLine, writeRun } from '../dashboard/support.js';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine({ page: true });
afterAll(() => commands.dispose());
const path = (...names: string[]) => join(commands.folder, ...names);
const PATIENCE_MS = 150_000;

/** Starts a command that serves; its address, and what ends it. */
async function serve(args: readonly string[]) {
  const { child, ended } = commands.start(args, {}, PATIENCE_MS);
  const address = new Promise<string>((done, fail) => {
    let said = '';
    child.stdout!.on('data', (part) => {
      said += part;
      const [link] = /http:\S+/.exec(said) ?? [];
      if (link) done(link);
    });
    void ended.then(({ stderr }) => fail(new Error(`expected an address, got ${said}${stderr}`)));
  });
  const end = async () => {
    child.kill('SIGINT');
    return ended;
  };
  return { address: await address, child, ended, end };
}

async function json<T>(address: string, question: string): Promise<T> {
  const response = await fetch(new URL(question, address));
  expect(response.status).toBe(200);
  return response.json() as Promise<T>;
}

async function takenPort(): Promise<{ server: Server; port: string }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: String((server.address() as AddressInfo).port) };
}

describe('shuffleblock dashboard', () => {
  it('serves the page and the runs of a folder until Ctrl-C', async () => {
    writeRun(path('runs'), 'one', [stepLine(0)]);
    writeRun(path('runs'), 'two', [stepLine(0)]);
    const { address, end } = await serve(['dashboard', '--port', '0']);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const html = await (await fetch(address)).text();
    const files = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, file]) => file);
    expect(files).toHaveLength(3);
    for (const file of files) expect((await fetch(new URL(file, address))).status, file).toBe(200);
    expect((await json<RunsReply>(address, 'api/runs')).runs.map(({ name }) => name).sort()).toEqual(['one', 'two']);
    await end();
    await expect(fetch(address)).rejects.toThrow();
  });

  it('shows one run alone', async () => {
    const { address, end } = await serve(['dashboard', 'runs/one/', '--port', '0', '--host', 'localhost']);
    expect((await json<RunsReply>(address, 'api/runs')).runs.map(({ name }) => name)).toEqual(['one']);
    await end();
  });

  it('takes another port where the usual one is taken, and refuses one that was asked for', async () => {
    const first = await serve(['dashboard']);
    const second = await serve(['dashboard']);
    expect(second.address).not.toBe(first.address);
    const { port } = new URL(first.address);
    const { status, stderr } = await commands.run(['dashboard', '--port', port]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(new RegExp(`^shuffleblock: 127\\.0\\.0\\.1, port ${port}: expected .*\n$`)),
    ]);
    await first.end();
    await second.end();
  });

  it.each([
    [['dashboard', 'nowhere'], /^shuffleblock: nowhere: expected a folder of runs, got .*\n$/],
    [['dashboard', '--port', '70000'], /^shuffleblock: --port: expected a port from 0 to 65535, got '70000'\n$/],
    [['dashboard', '--port', '-1'], /^shuffleblock: --port: expected a port from 0 to 65535, got '-1'\n$/],
    [
      ['dashboard', '--host', '203.0.113.7'],
      /^shuffleblock: 203\.0\.113\.7, port \d+: expected an address to listen on, .*\n$/,
    ],
    [['train', '--dashboard', 'x'], /^shuffleblock: --dashboard: expected a port from 0 to 65535, got 'x'\n$/],
    [['train', '--profile', '3', '--dashboard'], /^shuffleblock: --profile: expected no --dashboard beside it; .*\n$/],
  ])('%j is refused in a line', async (args, message) => {
    const { status, stdout, stderr } = await commands.run(args);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, '']);
  });
});

describe('train --dashboard', { timeout: 2 * PATIENCE_MS }, () => {
  const TINY = [
    ...['train', '--model', 'lenet300-100', '--adapter', 'software', '--limit-train', '64', '--limit-test', '32'],
    ...['--batch-size', '16', '--epochs', '1', '--log-every', '1'],
  ];

  it('refuses a port that is taken before it makes a run', async () => {
    const { server, port } = await takenPort();
    const { status, stderr } = await commands.run([...TINY, '--out', 'new/run', '--dashboard', port], {}, PATIENCE_MS);
    expect(stderr).toMatch(new RegExp(`^shuffleblock: 127\\.0\\.0\\.1, port ${port}: expected an address`, 'm'));
    expect(status).toBe(2);
    expect(existsSync(path('new', 'run'))).toBe(false);
    server.close();
  });

  it('shows the run while it trains, ends with it, and changes nothing of it', async () => {
    const long = TINY.map((flag, i) => (TINY[i - 1] === '--epochs' ? '40' : flag));
    const { address, child, ended } = await serve([...long, '--out', 'live/run', '--dashboard', '0']);
    expect(new URL(address).searchParams.get('run')).toBe('run');
    const isLive = async () =>
      (await json<RunsReply>(address, 'api/runs')).runs.find(({ name }) => name === 'run')?.isLive;
    expect(await isLive()).toBe(true);
    const steps = async () => (await json<HistoryReply>(address, 'api/history?run=run')).position.step ?? 0;
    await expect.poll(steps, { timeout: PATIENCE_MS }).toBeGreaterThan(8);
    child.kill('SIGINT');
    expect((await ended).status).toBe(130);
    await expect(fetch(address)).rejects.toThrow();
    const { status } = await commands.run([...long, '--max-steps', '8', '--out', 'live/alone'], {}, PATIENCE_MS);
    expect(status).toBe(0);
    const losses = (run: string) =>
      [...readFileSync(path('live', run, 'metrics.jsonl'), 'utf8').matchAll(/"type":"step".*?"loss":([\d.]+)/g)].slice(
        0,
        8,
      );
    expect(losses('run').map(([, loss]) => loss)).toEqual(losses('alone').map(([, loss]) => loss));
    rmSync(path('live'), { recursive: true });
  });
});
