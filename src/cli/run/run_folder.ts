// The folder of a training run: config.json, metrics.jsonl, sessions.jsonl, checkpoint-last.safetensors, checkpoint-best.safetensors;
// tilings.json if tilings were measured.

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../device/index.js';
import { isTemporaryFile, removeTemporaryFiles, writeFileAtomically } from '../../host/atomic_write.node.js';
import { LOCK_NAME } from '../../host/folder_lock.node.js';
import { show } from '../../host/show.js';
import {
  type Checkpoint,
  encodeTilings,
  parseCheckpoint,
  parseConfig,
  parseTilings,
  type RunConfig,
  type TunedOperation,
} from '../../train/index.js';
import { MetricsLog } from './metrics_log.js';
import { attempt, readBytes, readText } from './run_files.js';
import { lockFolder } from './run_lock.js';
import { SessionLog } from './session_log.js';

/** What config.json holds. */
export interface RunSettings {
  readonly config: RunConfig;
  /** Absolute paths of what the run reads. */
  readonly files: { readonly dataDir?: string; readonly init?: string };
}

/** Held by one process from `create` or `open` to `close`. */
export class RunFolder {
  readonly metrics: MetricsLog;
  readonly sessions: SessionLog;

  private constructor(
    readonly path: string,
    /** Gives the folder back to other processes. */
    readonly close: () => void,
  ) {
    this.metrics = new MetricsLog(join(path, 'metrics.jsonl'));
    this.sessions = new SessionLog(join(path, 'sessions.jsonl'));
  }

  /** @throws InputError if there is a folder and it holds anything: no run overwrites another. */
  static checkFree(path: string): void {
    const names = attemptOut(path, () => (existsSync(path) ? readdirSync(path) : []));
    // What a process leaves that was killed before there was a configuration.
    const [first] = names.filter((name) => name !== LOCK_NAME && !isTemporaryFile(name));
    if (first === undefined) return;
    const hint = names.includes('config.json') ? '; --resume goes on with a run' : '';
    throw new InputError(`--out ${path}: expected a new or empty folder, got one with ${first}${hint}`);
  }

  /** Makes the folder. @throws InputError if that is not possible, or it is not free. */
  static async create(path: string, settings: RunSettings): Promise<RunFolder> {
    attemptOut(path, () => mkdirSync(path, { recursive: true }));
    const folder = new RunFolder(path, lockFolder(path));
    try {
      RunFolder.checkFree(path);
      await folder.saveSettings(settings);
    } catch (error) {
      folder.close();
      throw error;
    }
    return folder;
  }

  /** The folder of a run that was begun. @throws InputError if it is none, or a living process has it. */
  static async open(path: string): Promise<RunFolder> {
    if (!existsSync(join(path, 'config.json'))) {
      const got = existsSync(path) ? 'one without config.json' : 'none';
      throw new InputError(`--resume ${path}: expected the folder of a run, got ${got}`);
    }
    const folder = new RunFolder(path, lockFolder(path));
    await removeTemporaryFiles(path);
    return folder;
  }

  /** `runs/mnist-lenet5-dsb-20261124-170501`, the first of such names that is free. */
  static defaultPath({ dataSet, model, method }: RunConfig): string {
    const time = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
    const base = join('runs', `${dataSet}-${model}-${method}-${time}`);
    for (let attempt = 1; ; attempt++) {
      const path = attempt === 1 ? base : `${base}-${attempt}`;
      if (!existsSync(path)) return path;
    }
  }

  /** @throws InputError if config.json is damaged. */
  readSettings(): RunSettings {
    const path = join(this.path, 'config.json');
    const { files = {}, ...config } = readJson(path);
    if (!isObject(files) || !Object.values(files).every((value) => typeof value === 'string')) {
      throw new InputError(`${path}: files: expected texts by name, got ${show(files)}`);
    }
    return { config: parseConfig(config, path), files };
  }

  saveSettings({ config, files }: RunSettings): Promise<void> {
    const content = Object.keys(files).length > 0 ? { ...config, files } : config;
    return writeFileAtomically(join(this.path, 'config.json'), `${JSON.stringify(content, null, 2)}\n`);
  }

  /** What operations were tiled by other than by rule, so that the run goes on with the same rounding. */
  saveTilings(adapter: string, tilings: readonly TunedOperation[]): Promise<void> {
    return writeFileAtomically(join(this.path, 'tilings.json'), encodeTilings(adapter, tilings));
  }

  /** @throws InputError if tilings.json is damaged. */
  readTilings(): TunedOperation[] {
    const path = join(this.path, 'tilings.json');
    return existsSync(path) ? parseTilings(readText(path), path) : [];
  }

  /** Of the last save, if there was any. @throws InputError if it is damaged. */
  readCheckpoint(): { checkpoint: Checkpoint; where: string } | undefined {
    const where = this.checkpointPath('last');
    if (!existsSync(where)) return undefined;
    return { checkpoint: parseCheckpoint(readBytes(where), where), where };
  }

  /**
   * Replaces checkpoint-last, and checkpoint-best if this is the best. The latter comes first: a run killed between the two goes on from the
   * former `last`, and comes to the same best again.
   */
  async saveCheckpoints(bytes: Uint8Array, isBest: boolean): Promise<void> {
    this.metrics.sync();
    if (isBest) await writeFileAtomically(this.checkpointPath('best'), bytes);
    await writeFileAtomically(this.checkpointPath('last'), bytes);
  }

  /** Its path, if there was a save. */
  get lastCheckpoint(): string | undefined {
    const path = this.checkpointPath('last');
    return existsSync(path) ? path : undefined;
  }

  private checkpointPath(which: 'last' | 'best'): string {
    return join(this.path, `checkpoint-${which}.safetensors`);
  }
}

function readJson(path: string): Record<string, unknown> {
  const text = readText(path);
  try {
    const value = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new InputError(`${path}: expected a JSON object, got ${show(text)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function attemptOut<T>(path: string, body: () => T): T {
  return attempt(`--out ${path}: expected a folder that can be written`, body);
}
