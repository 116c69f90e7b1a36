// The folder of a training run: config.json, metrics.jsonl, checkpoint-last.safetensors, checkpoint-best.safetensors.

import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../device/index.js';
import { writeFileAtomically } from '../train/atomic_write.node.js';
import type { RunConfig, TrainingEvent } from '../train/index.js';

export class RunFolder {
  private constructor(readonly path: string) {}

  /** @throws InputError if there is a folder and it holds anything: no run overwrites another. */
  static checkFree(path: string): void {
    const [first] = attempt(path, () => (existsSync(path) ? readdirSync(path) : []));
    if (first !== undefined) {
      throw new InputError(`--out ${path}: expected a new or empty folder, got one with ${first}`);
    }
  }

  /** Makes the folder. @throws InputError if that is not possible, or it is not free. */
  static async create(path: string, config: RunConfig): Promise<RunFolder> {
    attempt(path, () => mkdirSync(path, { recursive: true }));
    RunFolder.checkFree(path);
    const folder = new RunFolder(path);
    await writeFileAtomically(join(path, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
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

  /** One line of metrics.jsonl. */
  append(event: TrainingEvent): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), `${JSON.stringify(event)}\n`);
  }

  saveCheckpoint(which: 'last' | 'best', bytes: Uint8Array): Promise<void> {
    return writeFileAtomically(join(this.path, `checkpoint-${which}.safetensors`), bytes);
  }
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new InputError(`--out ${path}: expected a folder that can be written, got ${(error as Error).message}`);
  }
}
