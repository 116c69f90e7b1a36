// Data sets that are fetched from the command line: what is said and left where that fails, and what is taken as it is.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, closedPort, type FileServer, serveFiles, status } from '../data/file_server.js';
import { cifarFile, randomBytes } from '../data/support.js';
import { buildCommandLine } from '../support/command_line.node.js';

const commands = await buildCommandLine();
afterAll(() => commands.dispose());
let cache: string;
let server: FileServer;
beforeEach(async () => {
  cache = mkdtempSync(join(commands.folder, 'cache-'));
  server = await serveFiles(status(404));
});
afterEach(async () => {
  await server.close();
  rmSync(cache, { recursive: true, force: true });
});

const run = (...args: string[]) => commands.run(args, { XDG_CACHE_HOME: cache, SHUFFLEBLOCK_DATA: '' });
const SIZE = 170_052_171;
const PART = () => join(cache, 'shuffleblock-data/cifar10/.fetch-cifar10/cifar-10-binary.tar.gz.part');

describe('shuffleblock data fetch', () => {
  it('says which file to put where if it cannot be had, and leaves nothing', async () => {
    const url = await closedPort();
    const { status: code, stderr, stdout } = await run('data', 'fetch', 'cifar10', '--data-url', url);
    expect(stderr).toBe(
      `shuffleblock: cifar10: expected to fetch ${url}cifar-10-binary.tar.gz, got connect ECONNREFUSED ${new URL(url).host}; ` +
        `without a network, put cifar-10-binary.tar.gz from elsewhere into ${cache}/shuffleblock-data/cifar10\n`,
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('fetches into the folder of SHUFFLEBLOCK_DATA', async () => {
    const env = { XDG_CACHE_HOME: cache, SHUFFLEBLOCK_DATA: join(cache, 'mine') };
    const { stderr } = await commands.run(['data', 'fetch', 'cifar-100', '--data-url', server.url], env);
    expect(stderr).toContain(
      `got the answer 404 Not Found; without a network, put cifar-100-binary.tar.gz from elsewhere into ${cache}/mine/cifar100\n`,
    );
    expect(server.requests).toEqual(['GET /cifar-100-binary.tar.gz']);
  });

  it('refuses data sets that are not fetched, and addresses that are none', async () => {
    const other = await run('data', 'fetch', 'imagenet');
    expect([other.status, other.stderr]).toEqual([
      2,
      'shuffleblock: data set to fetch: expected one of mnist, cifar10, cifar100, got imagenet\n',
    ]);
    const file = await run('data', 'fetch', 'mnist', '--data-url', '/data/mnist/');
    expect(file.status).toBe(2);
    expect(file.stderr).toMatch(
      /^shuffleblock: mnist: expected an address .*, got '\/data\/mnist\/'; without a network, put /,
    );
  });

  it('goes on after it was killed', async () => {
    const first: Answer = (response) => {
      response.writeHead(200, { 'content-length': SIZE });
      response.write(new Uint8Array(3_000_000));
    };
    server.answers = [first, status(404)];
    const args = ['data', 'fetch', 'cifar10', '--data-url', server.url];
    const { child, ended } = commands.start(args, { XDG_CACHE_HOME: cache, SHUFFLEBLOCK_DATA: '' });
    while (!existsSync(PART()) || statSync(PART()).size < 3_000_000) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    const { stderr } = await run(...args);
    expect(stderr).toMatch(/^shuffleblock: cifar10: expected to fetch .*404 Not Found; /);
    expect(server.requests[1]).toBe('GET /cifar-10-binary.tar.gz bytes=3000000-');
    expect(statSync(PART()).size).toBe(3_000_000);
  });
});

describe('commands that read a data set', () => {
  const records = (seed: number) => cifarFile([[1], [2]], randomBytes(2 * 3072, seed));

  it('fetch it on first use', async () => {
    for (const args of [
      ['train', '--data-set', 'cifar10'],
      ['data', 'check', 'cifar10'],
    ]) {
      const { status: code, stderr } = await run(...args, '--data-url', server.url);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^shuffleblock: cifar10: expected to fetch .*404 /)]);
    }
    expect(readdirSync(cache)).toEqual([]);
  });

  it.each(['data', 'cache'])('take files that are in %s as they are', async (place) => {
    const folder =
      place === 'data'
        ? join(commands.folder, 'data/cifar10')
        : join(cache, 'shuffleblock-data/cifar10/cifar-10-batches-bin');
    mkdirSync(folder, { recursive: true });
    for (let batch = 1; batch <= 5; batch++) writeFileSync(join(folder, `data_batch_${batch}.bin`), records(batch));
    const incomplete = await run('data', 'check', 'cifar10', '--data-url', server.url);
    expect(incomplete.stderr).toMatch(/^shuffleblock: cifar10: expected test_batch\.bin in /);
    writeFileSync(join(folder, 'test_batch.bin'), records(6));
    const { status: code, stdout } = await run('data', 'check', 'cifar10', '--data-url', server.url);
    expect(stdout).toMatch(/cifar10: 10 training and 2 test images\n/);
    expect(code).toBe(0);
    if (place === 'cache') {
      const fetched = await run('data', 'fetch', 'cifar10', '--data-url', server.url);
      expect(fetched).toEqual({
        status: 0,
        stderr: '',
        stdout: `data       ${cache}/shuffleblock-data/cifar10: was there already\n`,
      });
    }
    expect(server.requests).toEqual([]);
    rmSync(join(commands.folder, 'data'), { recursive: true, force: true });
  });

  it('read the digits of the package for mnist, whatever the cache holds', async () => {
    mkdirSync(join(cache, 'shuffleblock-data/mnist/MNIST/raw'), { recursive: true });
    writeFileSync(join(cache, 'shuffleblock-data/mnist/MNIST/raw/train-images-idx3-ubyte'), 'not read');
    const { stdout } = await run('data', 'check', 'mnist');
    expect(stdout).toMatch(/8000 training and 2000 test images/);
  });
});
