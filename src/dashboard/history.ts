// The lines of a run's metrics.jsonl as curves. The file may be damaged, or from elsewhere: of a line only finite numbers are taken, and one
// that lacks what it should have is counted and left out. Steps are counted from 1: what has been done.

import type { HistoryReply, HistorySize, RunPosition } from './messages.js';
import { Points } from './points.js';

type Line = Readonly<Record<string, unknown>>;

/** Topology lines of one step, a line for each layer. */
interface Update {
  readonly step: number;
  grown: number;
  active: number;
  /** Weights that have ever been active, and all weights, of layers that say so. */
  tried: number;
  size: number;
  ms: number;
}

/** No edition is named twice, by servers that are started one after the other either. */
let lastEdition = Date.now();

function nextEdition(): number {
  return ++lastEdition;
}

export class History {
  private readonly steps = new Points({
    step: 'last',
    firstStep: 'first',
    loss: 'mean',
    leastLoss: 'least',
    mostLoss: 'most',
    learningRate: 'last',
    ms: 'mean',
    memoryBytes: 'most',
  });
  private readonly epochs = new Points({
    step: 'last',
    epoch: 'last',
    trainLoss: 'mean',
    trainAccuracy: 'mean',
    testLoss: 'mean',
    testAccuracy: 'mean',
    bestAccuracy: 'most',
    sparsity: 'last',
    seconds: 'mean',
  });
  private readonly updates = new Points({ step: 'last', moved: 'mean', tried: 'last', ms: 'mean' });
  private update: Update | undefined;
  /** Changes whenever more than the last points did. */
  private edition = nextEdition();
  private damagedLines = 0;
  private lastStep = 0;
  private position: RunPosition = {};
  private lines = 0;

  /** @param text a line of the file, without its end. */
  add(text: string): void {
    const line = parseLine(text);
    if (line && this.take(line)) this.lines++;
    else this.damagedLines++;
  }

  /** A line that cannot be one of ours, whatever it says. */
  addDamaged(): void {
    this.damagedLines++;
  }

  /** What a client lacks that has so many points of an edition; everything, if that is no longer the present one. */
  since(edition: number, size: HistorySize): Omit<HistoryReply, 'bytesLeft'> {
    const isSame = edition === this.edition;
    // The last point may have grown.
    const from = (points: number, length: number) => (isSame ? Math.max(0, Math.min(points, length) - 1) : 0);
    const begin = {
      steps: from(size.steps, this.steps.length),
      epochs: from(size.epochs, this.epochs.length),
      updates: from(size.updates, this.updates.length),
    };
    return {
      edition: this.edition,
      begin,
      steps: this.steps.since(begin.steps),
      epochs: this.epochs.since(begin.epochs),
      updates: this.updates.since(begin.updates),
      position: this.position,
      lines: this.lines,
      damagedLines: this.damagedLines,
    };
  }

  private take(line: Line): boolean {
    switch (line.type) {
      case 'step':
        return this.takeStep(line);
      case 'epoch':
        return this.takeEpoch(line);
      case 'topology':
        return this.takeTopology(line);
      default:
        return false;
    }
  }

  private takeStep(line: Line): boolean {
    const [index, loss, ms] = [count(line.step), finite(line.loss), finite(line.ms)];
    if (Number.isNaN(index + loss + ms)) return false;
    const step = index + 1;
    this.endUpdate();
    this.moveTo(step, step);
    this.note(
      this.steps.add({
        step,
        firstStep: step,
        loss,
        leastLoss: loss,
        mostLoss: loss,
        ms,
        learningRate: finite(line.lr),
        memoryBytes: finite(line.memoryBytes),
      }),
    );
    this.position = { ...this.position, step };
    return true;
  }

  private takeEpoch(line: Line): boolean {
    const [step, epoch, testLoss] = [count(line.step), count(line.epoch), finite(line.testLoss)];
    const testAccuracy = finite(line.testAccuracy);
    if (Number.isNaN(step + epoch + testLoss + testAccuracy)) return false;
    this.endUpdate();
    this.moveTo(step, step + 1);
    if (this.epochs.cutFrom(step)) this.edition = nextEdition();
    this.note(
      this.epochs.add({
        ...{ step, epoch, testLoss, testAccuracy, bestAccuracy: testAccuracy },
        trainLoss: finite(line.trainLoss),
        trainAccuracy: finite(line.trainAccuracy),
        sparsity: finite(line.sparsity),
        seconds: finite(line.seconds),
      }),
    );
    this.position = { step, epoch };
    return true;
  }

  private takeTopology(line: Line): boolean {
    const [index, grown, active] = [count(line.step), count(line.grown), count(line.nnz)];
    if (Number.isNaN(index + grown + active)) return false;
    const step = index + 1;
    if (this.update?.step !== step) {
      this.endUpdate();
      this.moveTo(step, step);
      this.update = { step, grown: 0, active: 0, tried: 0, size: 0, ms: 0 };
    }
    const [size, explored] = [count(line.size), finite(line.explored)];
    this.update.grown += grown;
    this.update.active += active;
    this.update.ms += finite(line.ms);
    this.update.tried += explored * size;
    this.update.size += size;
    return true;
  }

  private endUpdate(): void {
    if (!this.update) return;
    const { step, grown, active, tried, size, ms } = this.update;
    this.update = undefined;
    this.note(this.updates.add({ step, moved: active > 0 ? grown / active : 0, tried: tried / size, ms }));
  }

  /**
   * A run that goes on from a checkpoint repeats the steps behind it. Its file is cut there; where it was not (a copy, an older program), what
   * is told again replaces what was told before.
   * @param from the first step whose points no longer count.
   */
  private moveTo(step: number, from: number): void {
    const isBack = step < this.lastStep;
    this.lastStep = step;
    if (!isBack) return;
    for (const points of [this.steps, this.updates]) points.cutFrom(from);
    this.epochs.cutFrom(step);
    this.edition = nextEdition();
  }

  private note(haveOthersChanged: boolean): void {
    if (haveOthersChanged) this.edition = nextEdition();
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** NaN for anything else. */
function finite(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}

/** A whole number that is not negative; NaN for anything else. */
function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : Number.NaN;
}
