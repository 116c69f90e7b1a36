// Opens the dashboard of a folder: in this thread, or in one of its own, where a training beside it does not notice what is read and unpacked.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InputError } from '../device/index.js';
import { readPageFiles } from './page_files.node.js';
import { RunsFolder } from './runs_folder.node.js';
import { type Dashboard, startServer } from './server.node.js';

export interface OpenOptions {
  /** Of runs. */
  readonly folder: string;
  /** The only one that is shown, by its folder's name; all if not given. */
  readonly run?: string;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: `DEFAULT_PORT`, or any that is free where that is taken. 0 for any. */
  readonly port?: number;
}

export const LOOPBACK = '127.0.0.1';
export const DEFAULT_PORT = 6060;

/** @throws InputError if there is no such folder, the page was not built, or the address cannot be had. */
export async function openDashboard({ folder, run, host = LOOPBACK, port }: OpenOptions): Promise<Dashboard> {
  const runs = await RunsFolder.at(folder, run);
  const page = readPageFiles(fileURLToPath(new URL('../dashboard_page/', import.meta.url)));
  const open = (at: number) => startServer({ runs, page, host, port: at });
  return port === undefined ? open(DEFAULT_PORT).catch(() => open(0)) : open(port);
}

/** What a thread says once: the port, or what was wrong. */
export type ThreadMessage = { readonly port: number } | { readonly error: string };

/** The same in a thread of its own, which keeps no process from ending. */
export async function openDashboardThread(options: OpenOptions): Promise<Dashboard> {
  const worker = new Worker(new URL('./thread.node.js', import.meta.url), { workerData: options });
  const message = await new Promise<ThreadMessage>((done, fail) => worker.once('message', done).once('error', fail));
  worker.unref();
  if ('error' in message) throw new InputError(message.error);
  // What goes wrong in it later ends the dashboard, not the training.
  worker.on('error', (error) => console.error(`dashboard: ${error.message}`));
  return { port: message.port, close: async () => void (await worker.terminate()) };
}

/** For a browser. */
export function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
