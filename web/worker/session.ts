// What the worker does, one thing after the other: what the page asked for comes first, and training goes on in between. So
// everything that reads a run finds it between two steps.

import { DeviceLostError, InputError } from '../../src/device/index.js';
import { parseCheckpoint, type RunConfig } from '../../src/train/index.js';
import type { Phase, Request, Tell } from '../messages.js';
import { Datasets, MissingFilesError } from './datasets.js';
import { Gpu } from './gpu.js';
import { Keeper } from './keeper.js';
import { predictOne, testImage } from './predictions.js';
import { Runs } from './runs.js';
import { Shows } from './shows.js';
import { type Kept, VERSION } from './store.js';
import { Turns } from './turns.js';

/** Steps between step lines: on a software adapter, which takes long for each, one. */
const LOG_EVERY = { hardware: 5, software: 1 } as const;
const MOST_CHECKPOINT_BYTES = 2 ** 30;

export class Session {
  private readonly turns = new Turns<Request>();
  private readonly gpu: Gpu;
  private readonly keeper: Keeper;
  private readonly shows: Shows;
  private datasets = new Datasets('');
  private runs: Runs | undefined;
  private isRunning = false;
  /** Runs that wait for the files of their data set. */
  private waiting: { readonly kept: Kept; readonly where: string } | undefined;

  constructor(private readonly tell: Tell) {
    this.gpu = new Gpu(tell);
    this.keeper = new Keeper(tell);
    this.shows = new Shows(tell);
  }

  receive(request: Request): void {
    // At once, and not when what is under way is done.
    if (request.type === 'pause') this.isRunning = false;
    this.turns.add(request);
  }

  work(): Promise<never> {
    return this.turns.take(
      (request) => this.guarded(() => this.perform(request), request.type),
      async () => {
        const { isRunning } = this;
        if (isRunning) await this.guarded(() => this.train(), 'train');
        return isRunning;
      },
    );
  }

  private async perform(request: Request): Promise<void> {
    switch (request.type) {
      case 'open':
        return this.open(request.base);
      case 'prepare':
        return this.prepare(request.config, request.files);
      case 'run':
        this.isRunning = this.runs?.next !== undefined;
        return this.tellState();
      case 'pause':
        this.isRunning = false;
        await this.keep();
        return this.tellState();
      case 'step':
        this.isRunning = false;
        return this.step();
      case 'discard':
        await this.discard();
        return this.tellState();
      case 'compare':
        return this.compare(request.isOn);
      case 'watch':
        this.shows.watched = request.layer;
        return this.runs && this.shows.picture(this.runs);
      case 'predict':
        if (this.runs)
          this.tell({ type: 'prediction', logits: await predictOne(this.runs.main.trainer, request.image) });
        return;
      case 'test image':
        if (this.runs) this.tell({ type: 'test image', ...testImage(this.runs.dataset, request.index) });
        return;
      case 'export':
        return this.export();
      case 'import':
        return this.import(request.file);
      case 'hidden':
        return this.keep();
    }
  }

  private async open(base: string): Promise<void> {
    this.datasets = new Datasets(base);
    await this.gpu.open();
    const kept = await this.keeper.open();
    if (kept && this.gpu.isOpen) await this.resume(kept, 'the run kept in this browser');
    this.tellState();
  }

  private async prepare(config: RunConfig, files: readonly File[]): Promise<void> {
    const dataset = await this.datasets.get(config.dataSet, files);
    const { waiting } = this;
    if (waiting?.kept.dataSet === config.dataSet) {
      await this.resume(waiting.kept, waiting.where);
    } else {
      const runs = await Runs.begin(this.gpu.device, config, dataset);
      this.replace(runs);
      await this.shows.everything(runs);
    }
    this.tellState();
  }

  private async train(
    logEvery: number = LOG_EVERY[this.gpu.device.info.isSoftware ? 'software' : 'hardware'],
  ): Promise<void> {
    const { runs } = this;
    if (!runs?.next) {
      this.isRunning = false;
      return;
    }
    const [name, run] = runs.next;
    this.shows.costs(runs, name, run);
    const lines = await run.advance(logEvery);
    this.tell({ type: 'lines', run: name, lines });
    if (!runs.next) this.isRunning = false;
    this.tellState();
    if (name === 'main') await this.shows.changes(runs, lines);
    if (this.keeper.isDue || !this.isRunning) await this.keep();
  }

  /** One step of the main run; the twin comes along. */
  private async step(): Promise<void> {
    const target = (this.runs?.main.step ?? 0) + 1;
    while (this.runs?.next && this.runs.next[1].step < target) await this.train(1);
  }

  private async compare(isOn: boolean): Promise<void> {
    if (!this.runs) return;
    if (isOn && !this.runs.twin) {
      await this.runs.addTwin();
      this.tell({ type: 'begin', run: 'twin', facts: this.runs.facts('twin') });
    } else if (!isOn && this.runs.twin) {
      this.runs.removeTwin();
      this.tell({ type: 'end', run: 'twin' });
      if (!this.runs.next) this.isRunning = false;
    }
    await this.keep();
    this.tellState();
  }

  private async export(): Promise<void> {
    const kept = await this.runs?.main.keep();
    if (!this.runs || !kept) return;
    const { model, method } = this.runs.main.config;
    const name = `${model}-${method}-step${this.runs.main.step}.safetensors`;
    this.tell({ type: 'exported', name, bytes: kept.checkpoint }, [kept.checkpoint.buffer]);
  }

  private async import(file: File): Promise<void> {
    if (file.size > MOST_CHECKPOINT_BYTES) {
      throw new InputError(`${file.name}: expected a checkpoint of at most 1 GiB, got ${file.size} bytes`);
    }
    const checkpoint = new Uint8Array(await file.arrayBuffer());
    const { dataSet } = parseCheckpoint(checkpoint, file.name).config;
    const runs = { main: { checkpoint, history: [] } };
    await this.resume({ version: VERSION, dataSet, runs }, file.name);
    this.isRunning = false;
    await this.keep();
    this.tellState();
  }

  /**
   * Runs go on where they were, in the place of the present ones. Where files are missing, they wait for them.
   * @param where names it, for messages.
   * @throws InputError if it does not fit; the present runs stay then.
   */
  private async resume(kept: Kept, where: string): Promise<void> {
    this.waiting = undefined;
    try {
      const dataset = await this.datasets.find(kept.dataSet, kept.trainCount);
      const runs = await Runs.resume(this.gpu.device, kept.runs, dataset, where);
      this.replace(runs);
      await this.shows.everything(runs);
      this.tell({ type: 'notice', level: 'note', text: `Opened ${where}, at step ${runs.main.step}.` });
    } catch (error) {
      if (!(error instanceof MissingFilesError)) throw error;
      this.waiting = { kept, where };
      this.tell({ type: 'files wanted', dataSet: kept.dataSet });
      const text = `${where} was trained on ${kept.dataSet}. Choose its files under Data, and it goes on.`;
      this.tell({ type: 'notice', level: 'warning', text, topic: 'settings' });
    }
  }

  private replace(runs: Runs | undefined): void {
    for (const [name] of this.runs?.entries() ?? []) this.tell({ type: 'end', run: name });
    this.runs?.dispose();
    this.runs = runs;
    if (this.gpu.isOpen) this.gpu.device.trim();
  }

  private async discard(): Promise<void> {
    this.isRunning = false;
    this.replace(undefined);
    await this.keeper.forget();
  }

  private async keep(): Promise<void> {
    if (this.runs && this.runs.main.step > 0) await this.keeper.keep(await this.runs.keep());
  }

  private tellState(): void {
    const { step = 0, totalSteps = 0 } = this.runs?.main ?? {};
    this.tell({ type: 'state', phase: this.phase, step, totalSteps });
  }

  private get phase(): Phase {
    if (!this.gpu.isOpen) return 'no device';
    if (!this.runs) return 'empty';
    if (this.isRunning) return 'running';
    return this.runs.next ? 'paused' : 'finished';
  }

  private async guarded(action: () => Promise<void>, what: Request['type'] | 'train'): Promise<void> {
    try {
      await action();
    } catch (error) {
      await this.recover(error).catch((second) => this.fail(second, what));
    }
  }

  /** A lost GPU is opened again, and the runs go on from their last copy. @throws `error` if it is another. */
  private async recover(error: unknown): Promise<void> {
    await this.gpu.reopenAfter(error);
    this.runs?.dispose();
    this.runs = undefined;
    const { last } = this.keeper;
    if (this.gpu.isOpen) {
      const text = `${(error as Error).message}. It has been opened again${last ? ', and the run goes on from its last copy' : ''}.`;
      this.tell({ type: 'notice', level: 'warning', text });
      if (last) await this.resume(last, 'the last copy of the run');
    }
    this.tellState();
  }

  /** Training goes on if it was something else that failed. */
  private fail(error: unknown, what: Request['type'] | 'train'): void {
    if (what === 'train' || error instanceof DeviceLostError) this.isRunning = false;
    if (!(error instanceof InputError)) console.error(error);
    const text = error instanceof Error ? error.message : String(error);
    const topic = what === 'prepare' ? 'settings' : undefined;
    this.tell({ type: 'notice', level: 'error', text, topic });
    this.tellState();
  }
}
