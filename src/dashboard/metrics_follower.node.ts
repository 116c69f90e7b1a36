// Reads a metrics.jsonl that grows, line by line, in little memory. It begins again when the file is another than before: a run that is
// resumed replaces it by a shorter one.

import type { FileHandle } from 'node:fs/promises';
import { History } from './history.js';

/** Read at a time; a line that is longer is none of ours. */
const CHUNK_BYTES = 2 ** 18;
/** What stands before the place that has been reached tells whether the file is still the same. */
const TAIL_BYTES = 64;
const LINE_END = 0x0a;

export class MetricsFollower {
  history = new History();
  /** Bytes done: whole lines, or the beginning of one that is too long. */
  private offset = 0;
  private file = '';
  private tail = Buffer.alloc(0);
  private isInLongLine = false;
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * Reads on for about so long. Calls take turns.
   * @param open none if there is no file.
   * @returns bytes that are left to read; 0 if only a line without end is.
   */
  advance(open: () => Promise<FileHandle | undefined>, milliseconds: number): Promise<number> {
    const result = this.turn.then(() => this.readFrom(open, milliseconds));
    this.turn = result.catch(() => {});
    return result;
  }

  private async readFrom(open: () => Promise<FileHandle | undefined>, milliseconds: number): Promise<number> {
    const handle = await open();
    if (!handle) {
      this.restart('');
      return 0;
    }
    try {
      const { dev, ino, size } = await handle.stat();
      const file = `${dev}:${ino}`;
      if (file !== this.file || size < this.offset || !(await this.isAsBefore(handle))) this.restart(file);
      const end = performance.now() + milliseconds;
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      while (this.offset < size) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, this.offset);
        const isWaiting = !this.take(buffer.subarray(0, bytesRead));
        if (isWaiting) return 0;
        if (performance.now() > end) break;
      }
      return Math.max(0, size - this.offset);
    } finally {
      await handle.close();
    }
  }

  private restart(file: string): void {
    if (this.offset > 0 || file !== this.file) this.history = new History();
    this.file = file;
    this.offset = 0;
    this.tail = Buffer.alloc(0);
    this.isInLongLine = false;
  }

  private async isAsBefore(handle: FileHandle): Promise<boolean> {
    if (this.tail.length === 0) return true;
    const found = Buffer.alloc(this.tail.length);
    await handle.read(found, 0, found.length, this.offset - found.length);
    return found.equals(this.tail);
  }

  /** Takes the whole lines of a chunk. @returns whether there was anything to take. */
  private take(chunk: Buffer): boolean {
    const lastEnd = chunk.lastIndexOf(LINE_END);
    if (lastEnd < 0) {
      // A line that is still being written, or too long to be one.
      if (chunk.length < CHUNK_BYTES) return false;
      if (!this.isInLongLine) this.history.addDamaged();
      this.isInLongLine = true;
      this.moveOver(chunk);
      return true;
    }
    const start = this.isInLongLine ? chunk.indexOf(LINE_END) + 1 : 0;
    this.isInLongLine = false;
    for (const line of chunk
      .toString('utf8', start, lastEnd + 1)
      .split('\n')
      .slice(0, -1))
      this.history.add(line);
    this.moveOver(chunk.subarray(0, lastEnd + 1));
    return true;
  }

  private moveOver(bytes: Buffer): void {
    this.offset += bytes.length;
    this.tail = Buffer.from(bytes.subarray(-TAIL_BYTES));
  }
}
