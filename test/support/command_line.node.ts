// The command line as a user runs it: compiled from the sources as they are now, each command a process of its own.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** Without what Dawn itself writes there. */
  readonly stderr: string;
}

export interface CommandLine {
  /** An empty folder, in which the commands run. */
  readonly folder: string;
  /** The compiled package. */
  readonly dist: string;
  /** @param timeoutMs after which the process is killed; default a minute. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>, timeoutMs?: number): Promise<Ended>;
  /** The process, running, and its end. As `run`. */
  start(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    timeoutMs?: number,
  ): { child: ChildProcess; ended: Promise<Ended> };
  dispose(): void;
}

/**
 * Not into dist: other tests, and a user, may be running what is there.
 * @param page whether the dashboard's page is built, too.
 */
export async function buildCommandLine({ page = false } = {}): Promise<CommandLine> {
  // Inside node_modules, so that the commands find the packages.
  mkdirSync('node_modules/.cache', { recursive: true });
  const build = mkdtempSync(resolve('node_modules/.cache/command_line-'));
  copyFileSync('package.json', join(build, 'package.json'));
  const compile = ['tsc', '-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--sourceMap', 'false'];
  await promisify(execFile)('npx', [...compile, '--outDir', join(build, 'dist')]);
  if (page) {
    await promisify(execFile)(process.execPath, ['scripts/build_dashboard.mjs', join(build, 'dist/dashboard_page')]);
  }
  const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-cli-'));

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, timeoutMs = 60_000) {
    const child = spawn(process.execPath, [join(build, 'dist/cli/start.cjs'), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const text = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk) => {
        text[stream] += chunk;
      });
    }
    const ended = new Promise<Ended>((done, fail) => {
      child.on('error', fail);
      child.on('close', (status) => {
        done({ ...text, status, stderr: text.stderr.replaceAll(/^Warning: maxDynamic.*\n/gm, '') });
      });
    });
    return { child, ended };
  }

  return {
    folder,
    dist: join(build, 'dist'),
    start,
    run: (args, env, timeoutMs) => start(args, env, timeoutMs).ended,
    dispose() {
      rmSync(build, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
