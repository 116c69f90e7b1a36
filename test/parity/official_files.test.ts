// The official files of MNIST (shared/data), served by this machine, fetched and read from the command line: addresses, lengths and
// checksums are those of the files themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { broken, type FileServer, file, serveFiles } from '../data/file_server.js';
import { buildCommandLine } from '../support/command_line.node.js';

const folder = fileURLToPath(new URL('../../../shared/data/mnist/', import.meta.url));
const NAMES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];
const commands = await buildCommandLine();
let server: FileServer | undefined;
afterAll(async () => {
  await server?.close();
  commands.dispose();
});

it('are fetched, over a connection that breaks, and read', async () => {
  const [images, ...others] = NAMES.map((name) => readFileSync(join(folder, `${name}.gz`)));
  server = await serveFiles(broken(images, 4_000_000), file(images), ...others.map(file));
  const fetched = await commands.run([
    'data',
    'fetch',
    'mnist',
    '--data-dir',
    'mnist',
    '--data-url',
    `${server.url}mirror`,
  ]);
  expect(fetched.stdout).toMatch(/^data {7}mnist: fetched\n/);
  expect(server.requests[1]).toMatch(/^GET \/mirror\/train-images-idx3-ubyte\.gz bytes=\d{6,7}-$/);
  expect(server.requests.length).toBe(5);
  expect(readdirSync(join(commands.folder, 'mnist'))).toEqual(['MNIST']);
  const { stdout } = await commands.run(['data', 'stats', 'mnist', '--data-dir', 'mnist']);
  expect(stdout).toMatch(/mnist: 60000 training and 10000 test images\n/);
  expect(stdout).toMatch(/train +mean \[0\.1307\]\n +std \[0\.3081\]/);
});
