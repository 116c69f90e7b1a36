// The battery's kernel tests are those of test/shaders, all of them: the build's bundle against vitest's own list. Both lists come
// from processes of their own, which open a device.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCommandLine, type CommandLine } from '../support/command_line.node.js';

const TIMEOUT_MS = 180_000;

let commands: CommandLine;

beforeAll(async () => {
  commands = await buildCommandLine();
}, TIMEOUT_MS);

afterAll(() => commands?.dispose());

function linesOf(command: string, args: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ended with ${status}\n${stderr}`);
  return stdout.split('\n').filter((line) => line.includes(' > '));
}

it(
  'holds the very tests that vitest lists, by name',
  () => {
    linesOf(process.execPath, ['scripts/bundle_kernel_tests.mjs', commands.dist]);
    const built = (path: string) => JSON.stringify(pathToFileURL(join(commands.dist, path)).href);
    const program = `
      await import(${built('device/dawn/gpu_provider.node.js')});
      const { kernelTests } = await import(${built('battery/kernel_tests.js')});
      process.stdout.write((await kernelTests.list()).join('\\n'), () => process.exit());`;
    const bundled = linesOf(process.execPath, ['--input-type=module', '--eval', program]);
    const listed = linesOf('npx', ['vitest', 'list', '--project', 'gpu', 'test/shaders']);
    expect(bundled.length).toBeGreaterThan(100);
    expect(bundled.sort()).toEqual(listed.map((line) => line.replace(/^\[gpu\] /, '')).sort());
  },
  TIMEOUT_MS,
);
