// What the worker does, one thing after the other: what the page asked for comes first, and training goes on in between. So
// everything that reads a run finds it between two steps.

import type { ImageDataset } from '../../src/data/index.js';
import { type Device, InputError, openDevice } from '../../src/device/index.js';
import type { RunConfig } from '../../src/train/index.js';
import type { Phase, Report, Request } from '../messages.js';
import { loadDigits } from './digits.js';
import { Run } from './run.js';

type Send = (report: Report, transfer?: Transferable[]) => void;

/** Steps between step lines: on a software adapter, which takes long for each, one. */
const LOG_EVERY = { hardware: 5, software: 1 } as const;

export class Session {
  private readonly requests: Request[] = [];
  private wake = () => {};
  private base = '';
  private device: Device | undefined;
  private dataset: ImageDataset | undefined;
  private run: Run | undefined;
  private isRunning = false;

  constructor(private readonly send: Send) {}

  receive(request: Request): void {
    // At once, and not when what is under way is done.
    if (request.type === 'pause') this.isRunning = false;
    this.requests.push(request);
    this.wake();
  }

  async work(): Promise<never> {
    for (;;) {
      const request = this.requests.shift();
      if (request) await this.guarded(() => this.perform(request));
      else if (this.isRunning) await this.guarded(() => this.train(LOG_EVERY[this.speed]));
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }

  private async perform(request: Request): Promise<void> {
    switch (request.type) {
      case 'open':
        this.base = request.base;
        await this.open();
        break;
      case 'prepare':
        await this.prepare(request.config);
        break;
      case 'run':
        this.isRunning = this.run?.isFinished === false;
        break;
      case 'pause':
        break;
      case 'step':
        this.isRunning = false;
        await this.train(1);
        break;
      case 'discard':
        this.discard();
        break;
    }
    this.tellState();
  }

  private async open(): Promise<void> {
    this.device = await openDevice({ warn: () => {} });
    const { description, isSoftware, features } = this.device.info;
    this.send({ type: 'device', device: { description, isSoftware, features } });
  }

  private async prepare(config: RunConfig): Promise<void> {
    if (!this.device) throw new InputError('no GPU device is open');
    this.discard();
    this.dataset ??= await loadDigits(this.base);
    this.run = await Run.begin(this.device, config, this.dataset);
    this.send({ type: 'begin', run: 'main', config });
  }

  private async train(logEvery: number): Promise<void> {
    if (!this.run) return;
    const lines = await this.run.advance(logEvery);
    this.send({ type: 'lines', run: 'main', lines });
    if (this.run.isFinished) this.isRunning = false;
    this.tellState();
  }

  private discard(): void {
    this.isRunning = false;
    this.run?.dispose();
    this.run = undefined;
    this.device?.trim();
  }

  private async guarded(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.isRunning = false;
      if (!(error instanceof InputError)) console.error(error);
      this.send({ type: 'notice', level: 'error', text: error instanceof Error ? error.message : String(error) });
      this.tellState();
    }
  }

  private tellState(): void {
    const { step = 0, totalSteps = 0 } = this.run ?? {};
    this.send({ type: 'state', phase: this.phase, step, totalSteps });
  }

  private get phase(): Phase {
    if (!this.device) return 'no device';
    if (!this.run) return 'empty';
    if (this.isRunning) return 'running';
    return this.run.isFinished ? 'finished' : 'paused';
  }

  private get speed(): keyof typeof LOG_EVERY {
    return this.device?.info.isSoftware ? 'software' : 'hardware';
  }
}
