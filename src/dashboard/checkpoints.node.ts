// What a run's last checkpoint holds of its weights. A checkpoint is read whole, once for all its layers, and kept for a while.

import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../device/index.js';
import { readBytes } from '../host/whole_file.node.js';
import {
  type Checkpoint,
  encodeSafetensors,
  parseCheckpoint,
  storedShapes,
  storedWeight,
  tensorsOfWeight,
} from '../train/index.js';
import type { LayerEntry, LayersReply } from './messages.js';
import { versionOf } from './runs_folder.node.js';

/** A file of which a page draws pictures; larger ones would fill the memory of whoever only looks. */
const MOST_BYTES = 2 ** 30;
/** Larger layers are not drawn: a canvas holds no more, and a reader sees no more. */
const MOST_WEIGHTS = 2 ** 23;
const KEPT_MS = 20_000;

interface Read {
  readonly run: string;
  readonly version: string;
  readonly where: string;
  readonly checkpoint: Checkpoint;
}

export class Checkpoints {
  /** The last that was read: a page asks for one run's layers, one after the other. */
  private kept: Read | undefined;
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  /** @param open the checkpoint of a run; none if there is none. */
  constructor(private readonly open: (run: string) => Promise<FileHandle | undefined>) {}

  /** None if there is no checkpoint. @throws InputError if it is damaged, or too large. */
  async layers(run: string): Promise<LayersReply | undefined> {
    const read = await this.read(run);
    if (!read) return undefined;
    const { checkpoint, where, version } = read;
    const shapes = storedShapes(checkpoint, where);
    const layers = [...shapes].map(([name, shape]): LayerEntry => {
      const { pattern, numActive } = storedWeight(checkpoint.model, name, shape, where);
      return { name, shape, pattern, active: numActive, size: shape.reduce((product, size) => product * size, 1) };
    });
    return { checkpoint: version, step: checkpoint.step, layers };
  }

  /** A safetensors file with the tensors of a layer's weight; none if there is no checkpoint or no such layer. @throws as `layers`. */
  async weight(run: string, layer: string): Promise<Uint8Array | undefined> {
    const read = await this.read(run);
    if (!read) return undefined;
    const { checkpoint, where } = read;
    const shape = storedShapes(checkpoint, where).get(layer);
    if (!shape) return undefined;
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size > MOST_WEIGHTS) {
      throw new InputError(`${layer}: expected at most ${MOST_WEIGHTS} weights to draw, got ${size}`);
    }
    const metadata = { step: String(checkpoint.step), shape: JSON.stringify(shape) };
    return encodeSafetensors(tensorsOfWeight(checkpoint.model, layer), metadata);
  }

  close(): void {
    clearTimeout(this.timer);
    this.kept = undefined;
  }

  private read(run: string): Promise<Read | undefined> {
    const result = this.turn.then(() => this.readNow(run));
    this.turn = result.catch(() => {});
    return result;
  }

  private async readNow(run: string): Promise<Read | undefined> {
    const handle = await this.open(run);
    if (!handle) return undefined;
    try {
      const facts = await handle.stat();
      const version = versionOf(facts);
      if (this.kept?.run !== run || this.kept.version !== version) {
        const where = `${run}/checkpoint-last.safetensors`;
        checkSize(facts.size, where);
        this.kept = undefined;
        this.kept = { run, version, where, checkpoint: parseCheckpoint(readBytes(handle.fd, facts.size), where) };
      }
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.close(), KEPT_MS).unref();
      return this.kept;
    } finally {
      await handle.close();
    }
  }
}

function checkSize(bytes: number, where: string): void {
  if (bytes > MOST_BYTES) throw new InputError(`${where}: expected at most ${MOST_BYTES} bytes, got ${bytes}`);
}
