// shuffleblock dashboard: curves and pictures of finished and running trainings, in a browser.

import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { LOOPBACK, openDashboard, openDashboardThread, urlOf } from '../dashboard/open.node.js';
import { isLoopback } from '../dashboard/request_check.node.js';
import { InputError } from '../device/index.js';

interface DashboardFlags {
  readonly host: string;
  readonly port?: number;
}

export function addDashboardCommand(root: Command): void {
  root
    .command('dashboard')
    .description('Shows runs in a browser: their curves and the blocks of their weights, also while they train.')
    .argument('[folder]', 'of runs, or of one run', 'runs')
    .option('--port <n>', 'port to listen on (default: 6060, or a free one)', portNumber('--port'))
    .option('--host <address>', 'address to listen on', LOOPBACK)
    .action(dashboardCommand);
}

/** A parser of ports for the flag `name`. */
export function portNumber(name: string): (text: string) => number {
  return (text) => {
    const port = Number(text);
    if (/^\d+$/.test(text) && port < 65536) return port;
    throw new InputError(`${name}: expected a port from 0 to 65535, got '${text}'`);
  };
}

/** Serves until the process is ended. */
async function dashboardCommand(folder: string, { host, port }: DashboardFlags): Promise<void> {
  const isRun = existsSync(join(folder, 'config.json'));
  const which = isRun ? { folder: dirname(resolve(folder)), run: basename(resolve(folder)) } : { folder };
  const dashboard = await openDashboard({ ...which, host, port });
  if (!isLoopback(host)) {
    console.error(`warning: --host ${host}: whoever reaches this address can read the runs of ${folder}`);
  }
  console.log(`dashboard  ${urlOf(host, dashboard.port)} shows ${folder}; Ctrl-C ends it`);
}

export interface RunDashboard {
  /** Says where the run is seen. */
  announce(run: string): void;
  close(): Promise<void>;
}

/**
 * The dashboard of `train`, for as long as it trains: of the folder in which the run lies.
 * @param port `true` for the usual one.
 * @throws InputError if it cannot be opened.
 */
export async function openRunDashboard(run: string, port: number | true): Promise<RunDashboard> {
  const folder = dirname(run);
  mkdirSync(folder, { recursive: true });
  const dashboard = await openDashboardThread({ folder, port: port === true ? undefined : port });
  return {
    announce(path) {
      const query = new URLSearchParams({ run: basename(resolve(path)) });
      console.log(`dashboard  ${urlOf(LOOPBACK, dashboard.port)}?${query} as long as it trains`);
    },
    close: () => dashboard.close(),
  };
}
