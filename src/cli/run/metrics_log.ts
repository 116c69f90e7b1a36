// metrics.jsonl: one JSON object a line, appended as training goes.

import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { InputError } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';
import { show } from '../../host/show.js';
import type { MetricsLine, Position } from '../../train/index.js';
import { appendLine, attempt, readText } from './run_files.js';

export class MetricsLog {
  constructor(private readonly path: string) {}

  append(line: MetricsLine): void {
    appendLine(this.path, line);
  }

  /** To the disk, so that no checkpoint survives a power cut that its lines do not. */
  sync(): void {
    if (!existsSync(this.path)) return;
    attempt(`${this.path}: expected a file that can be written`, () => {
      const file = openSync(this.path, 'r+');
      fsyncSync(file);
      closeSync(file);
    });
  }

  /**
   * Cuts what was written after a checkpoint, for a run that goes on from there and writes it again.
   * @throws InputError on a line before that which is damaged, and on one from before the checkpoint behind that which is cut.
   */
  async cutAfter(position: Position): Promise<void> {
    if (!existsSync(this.path)) return;
    const text = readText(this.path);
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
          `${this.path}: line ${index + 1}: expected a JSON object with type and step (and epoch), got ${show(line)}`,
        );
      }
      return !isUntil(event, position);
    });
    const kept = end < 0 ? lines : lines.slice(0, end);
    this.checkCut(lines, kept.length, position);
    return kept.map((line) => `${line}\n`).join('');
  }

  /** Lines are in the order of training: one from before the checkpoint among those that are cut means that another is wrong. */
  private checkCut(lines: readonly string[], end: number, position: Position): void {
    const early = lines.findIndex((line, index) => {
      const event = index > end ? parseLine(line) : undefined;
      return event !== undefined && isUntil(event, position);
    });
    if (early < 0) return;
    throw new InputError(
      `${this.path}: line ${early + 1}: expected no line from before step ${position.step} behind line ${end + 1}, ` +
        `which is ${show(lines[end])}, got ${show(lines[early])}`,
    );
  }
}

/** Whether the line was written before the checkpoint. */
function isUntil(line: MetricsLine, { step, finishedEpochs }: Position): boolean {
  return line.type === 'epoch' ? line.epoch < finishedEpochs : line.step < step;
}

function parseLine(line: string): MetricsLine | undefined {
  try {
    const value = JSON.parse(line);
    const isWhole = Number.isInteger(value.step) && (value.type !== 'epoch' || Number.isInteger(value.epoch));
    return typeof value.type === 'string' && isWhole ? value : undefined;
  } catch {
    return undefined;
  }
}
