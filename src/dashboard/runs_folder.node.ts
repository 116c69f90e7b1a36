// The folder of runs, from outside: what may be read is a regular file in a folder right below it. Names in requests choose among those
// that are listed, and symbolic links lead nowhere.

import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../device/index.js';
import { isOwnerAlive, LOCK_NAME } from '../host/folder_lock.node.js';
import { parseConfig, type RunConfig } from '../train/index.js';
import type { RunEntry, RunsReply } from './messages.js';

const METRICS = 'metrics.jsonl';
const CONFIG = 'config.json';
const CHECKPOINT = 'checkpoint-last.safetensors';
/** The files that are read. */
export type RunFile = typeof METRICS | typeof CONFIG | typeof CHECKPOINT | typeof LOCK_NAME;

/** Shown; a folder with more is for its owner to tidy. */
const MOST_RUNS = 500;
/** Of config.json and the lock. */
const MOST_TEXT_BYTES = 2 ** 20;

/** What config.json said, at its last change. */
interface KnownConfig {
  readonly version: string;
  readonly config?: RunConfig;
  readonly problem?: string;
}

export class RunsFolder {
  private readonly configs = new Map<string, KnownConfig>();

  private constructor(
    /** Real and absolute. */
    readonly path: string,
    /** As it was given. */
    private readonly title: string,
    private readonly only: string | undefined,
  ) {}

  /**
   * @param path of the folder, which may be or become a symbolic link itself.
   * @param only the one run that is shown, by its folder's name.
   * @throws InputError unless there is such a folder.
   */
  static async at(path: string, only?: string): Promise<RunsFolder> {
    try {
      const real = await realpath(path);
      if (!(await lstat(real)).isDirectory()) throw new Error('a file');
      return new RunsFolder(real, path, only);
    } catch (error) {
      throw new InputError(`${path}: expected a folder of runs, got ${(error as Error).message}`);
    }
  }

  async list(): Promise<RunsReply> {
    const names = await this.names();
    const entries = (await Promise.all(names.map((name) => this.entry(name)))).filter((entry) => entry !== undefined);
    entries.sort(inOrder);
    for (const name of this.configs.keys()) if (!names.includes(name)) this.configs.delete(name);
    const runs = entries.slice(0, MOST_RUNS);
    return { folder: this.title, runs, left: entries.length - runs.length };
  }

  async has(run: string): Promise<boolean> {
    return (await this.names()).includes(run);
  }

  /** A file of a run, to be closed by the caller; none if there is none, or none that may be read. */
  async open(run: string, file: RunFile): Promise<FileHandle | undefined> {
    if (!(await this.has(run))) return undefined;
    const path = join(this.path, run, file);
    let handle: FileHandle | undefined;
    try {
      // Without waiting, where the file is a pipe.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      // The run's folder may have become a link since it was listed.
      const isHere = (await realpath(path)) === path && (await handle.stat()).isFile();
      if (isHere) return handle;
    } catch {
      // Gone, or not for us.
    }
    await handle?.close();
    return undefined;
  }

  private async names(): Promise<string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      return this.only === undefined ? folders : folders.filter((name) => name === this.only);
    } catch {
      // The whole folder is gone; it may come back.
      return [];
    }
  }

  private async entry(name: string): Promise<RunEntry | undefined> {
    const [config, metrics, checkpoint] = await Promise.all(
      ([CONFIG, METRICS, CHECKPOINT] as const).map((file) => fileFacts(join(this.path, name, file))),
    );
    if (!config && !metrics) return undefined;
    return {
      name,
      ...(config ? await this.config(name, config.version) : { problem: 'no config.json' }),
      isLive: await this.isLive(name),
      changed: (metrics ?? config)!.changed,
      metricsBytes: metrics?.bytes ?? 0,
      ...(checkpoint && { checkpoint: checkpoint.version }),
    };
  }

  private async config(name: string, version: string): Promise<Pick<RunEntry, 'config' | 'problem'>> {
    let known = this.configs.get(name);
    if (known?.version !== version) {
      known = { version, ...readConfig(await this.readText(name, CONFIG)) };
      this.configs.set(name, known);
    }
    const { config, problem } = known;
    return { config, problem };
  }

  private async isLive(name: string): Promise<boolean> {
    const lock = await fileFacts(join(this.path, name, LOCK_NAME));
    if (!lock) return false;
    const content = await this.readText(name, LOCK_NAME);
    return content !== undefined && isOwnerAlive(content, Date.now() - lock.changed);
  }

  private async readText(run: string, file: RunFile): Promise<string | undefined> {
    const handle = await this.open(run, file);
    if (!handle) return undefined;
    try {
      const buffer = Buffer.alloc(Math.min((await handle.stat()).size, MOST_TEXT_BYTES));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}

/** Live runs all change every second, and should keep their places: these go by name. */
function inOrder(a: RunEntry, b: RunEntry): number {
  if (a.isLive !== b.isLive) return a.isLive ? -1 : 1;
  return (a.isLive ? 0 : b.changed - a.changed) || (a.name < b.name ? -1 : 1);
}

/** Changes whenever a file is replaced or written. */
export function versionOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino}-${size}-${mtimeMs}`;
}

/** Of a regular file that is no link. */
async function fileFacts(path: string): Promise<{ bytes: number; changed: number; version: string } | undefined> {
  try {
    const facts = await lstat(path);
    if (!facts.isFile()) return undefined;
    return { bytes: facts.size, changed: facts.mtimeMs, version: versionOf(facts) };
  } catch {
    return undefined;
  }
}

/** Without the paths of its files, which are nobody's business. */
function readConfig(text: string | undefined): Pick<RunEntry, 'config' | 'problem'> {
  try {
    const { files, ...config } = JSON.parse(text ?? '');
    return { config: parseConfig(config, CONFIG) };
  } catch (error) {
    return { problem: error instanceof InputError ? error.message : `${CONFIG}: expected a JSON object` };
  }
}
