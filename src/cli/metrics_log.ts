// metrics.jsonl: one JSON object a line, appended as training goes.

import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { InputError } from '../device/index.js';
import { writeFileAtomically } from '../train/atomic_write.node.js';
import type { MetricsLine, Position } from '../train/index.js';

export class MetricsLog {
  constructor(private readonly path: string) {}

  append(line: MetricsLine): void {
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }

  /** To the disk, so that no checkpoint survives a power cut that its lines do not. */
  sync(): void {
    if (!existsSync(this.path)) return;
    const file = openSync(this.path, 'r+');
    fsyncSync(file);
    closeSync(file);
  }

  /**
   * Cuts what was written after a checkpoint, for a run that goes on from there and writes it again.
   * @throws InputError on a line before that which is damaged.
   */
  async cutAfter(position: Position): Promise<void> {
    if (!existsSync(this.path)) return;
    const text = readFileSync(this.path, 'utf8');
    const kept = this.linesUntil(text, position);
    if (kept !== text) await writeFileAtomically(this.path, kept);
  }

  private linesUntil(text: string, position: Position): string {
    const lines = text.split('\n');
    // What follows the last line break: nothing, or a line that a kill has cut short.
    lines.pop();
    const end = lines.findIndex((line, index) => {
      const event = parseLine(line);
      if (!event) {
        throw new InputError(
          `${this.path}: line ${index + 1}: expected a JSON object with type and step, got ${quote(line)}`,
        );
      }
      return !isUntil(event, position);
    });
    const kept = end < 0 ? lines : lines.slice(0, end);
    return kept.map((line) => `${line}\n`).join('');
  }
}

/** Whether the line was written before the checkpoint. */
function isUntil(line: MetricsLine, { step, finishedEpochs }: Position): boolean {
  return line.type === 'epoch' ? line.epoch < finishedEpochs : line.step < step;
}

function parseLine(line: string): MetricsLine | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value.type === 'string' && Number.isInteger(value.step) ? value : undefined;
  } catch {
    return undefined;
  }
}

function quote(line: string): string {
  return JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}...` : line);
}
