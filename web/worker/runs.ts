// The run that the visitor set up, and its dense twin. They train in turns on one device, whichever is behind.

import type { AnyDataset } from '../../src/data/index.js';
import type { Device } from '../../src/device/index.js';
import { layerFlops, type RunConfig, totalFlops } from '../../src/train/index.js';
import type { ImageFacts, RunFacts, RunName } from '../messages.js';
import { layerFacts } from './pictures.js';
import { type KeptRun, Run } from './run.js';
import { type Kept, VERSION } from './store.js';

export class Runs {
  private readonly runs = new Map<RunName, Run>();

  private constructor(
    private readonly device: Device,
    readonly dataset: AnyDataset,
  ) {}

  static async begin(device: Device, config: RunConfig, dataset: AnyDataset): Promise<Runs> {
    const runs = new Runs(device, dataset);
    runs.runs.set('main', await Run.begin(device, config, dataset));
    return runs;
  }

  /** @param where names what is resumed, for messages. @throws InputError if any of it does not fit; nothing is left over then. */
  static async resume(device: Device, kept: Kept['runs'], dataset: AnyDataset, where: string): Promise<Runs> {
    const runs = new Runs(device, dataset);
    try {
      for (const [name, run] of Object.entries(kept) as [RunName, KeptRun][]) {
        runs.runs.set(name, await Run.resume(device, run, dataset, where));
      }
      return runs;
    } catch (error) {
      runs.dispose();
      throw error;
    }
  }

  get main(): Run {
    return this.runs.get('main')!;
  }

  get twin(): Run | undefined {
    return this.runs.get('twin');
  }

  /** Main first. */
  entries(): [RunName, Run][] {
    return [...this.runs];
  }

  /** Whose turn it is: the one with fewer steps done; none if all are finished. */
  get next(): [RunName, Run] | undefined {
    const unfinished = this.entries().filter(([, run]) => !run.isFinished);
    return unfinished.toSorted(([, a], [, b]) => a.step - b.step)[0];
  }

  /** A twin at step 0. */
  async addTwin(): Promise<void> {
    const config: RunConfig = { ...this.main.config, method: 'dense', layers: [], denseLayers: [] };
    this.runs.set('twin', await Run.begin(this.device, config, this.dataset));
  }

  removeTwin(): void {
    this.twin?.dispose();
    this.runs.delete('twin');
  }

  facts(name: RunName): RunFacts {
    const { config, trainer } = this.runs.get(name)!;
    const { model, train, test } = trainer.parts;
    const images: ImageFacts = {
      channels: train.dataset.channels,
      height: train.dataset.height,
      width: train.dataset.width,
      classNames: this.dataset.classNames ?? Array.from({ length: this.dataset.classes }, (_, i) => String(i)),
      trainCount: train.count,
      testCount: test.count,
    };
    return { config, layers: layerFacts(model), images };
  }

  /** Of one image, forward. Compiles the pipelines that training needs too. */
  flops(name: RunName): number {
    const { model, train } = this.runs.get(name)!.trainer.parts;
    return totalFlops(layerFlops(model, train.dataset)).active;
  }

  async keep(): Promise<Kept> {
    const runs = await Promise.all(this.entries().map(async ([name, run]) => [name, await run.keep()] as const));
    const { config } = this.main;
    const trainCount = this.dataset.train.count;
    return { version: VERSION, dataSet: config.dataSet, trainCount, runs: Object.fromEntries(runs) };
  }

  dispose(): void {
    for (const run of this.runs.values()) run.dispose();
    this.runs.clear();
  }
}
