// shuffleblock train: one training run, from flags to a run folder.

import { loadDataset } from '../data/index.node.js';
import { checkModelName } from '../models/index.js';
import {
  checkConfig,
  createTrainer,
  type EpochEvent,
  encodeCheckpoint,
  formatSummary,
  methodNamed,
  type RunConfig,
  type Trainer,
} from '../train/index.js';
import { readModelFile } from './model_input.js';
import { openCommandDevice } from './options.js';
import { formatDuration, startProgress } from './progress.js';
import { RunFolder } from './run_folder.js';
import { TopologyLog } from './topology_log.js';
import { configOf, type TrainFlags } from './train_options.js';

export async function trainCommand(flags: TrainFlags): Promise<void> {
  const start = performance.now();
  const config = checkConfig(configOf(flags));
  checkModelName(config.model);
  if (flags.out !== undefined) RunFolder.checkFree(flags.out);
  const { limitTrain, limitTest } = config;
  const dataset = await loadDataset(config.dataSet, {
    dir: flags.dataDir,
    limit: { train: limitTrain, test: limitTest },
  });
  const initial = flags.init === undefined ? undefined : await readModelFile(flags.init, '--init ');
  const device = await openCommandDevice(flags.adapter);
  try {
    console.log(device.report());
    console.log(`data       ${dataset.source}: ${dataset.train.count} training and ${dataset.test.count} test images`);
    const trainer = await createTrainer(device, config, dataset, initial);
    console.log(`model      ${config.model}, ${describeMethod(config)}`);
    console.log(`\n${formatSummary(trainer.parts.model, dataset)}\n`);
    const folder = await RunFolder.create(flags.out ?? RunFolder.defaultPath(config), config);
    console.log(`run        ${trainer.totalSteps} steps of ${config.batchSize} images, into ${folder.path}`);
    const best = await train(trainer, folder);
    const duration = formatDuration((performance.now() - start) / 1000);
    console.log(
      `done       best test accuracy ${percent(best.testAccuracy)} (epoch ${best.epoch + 1}), ${duration} in all`,
    );
    console.log(`saved      ${folder.path}: config.json, metrics.jsonl, checkpoint-last and -best.safetensors`);
    trainer.dispose();
  } finally {
    device.destroy();
  }
}

function describeMethod(config: RunConfig): string {
  const { description } = methodNamed(config.method);
  if (config.method === 'dense') return `dense (${description})`;
  const size =
    methodNamed(config.method).form && ['dsb', 'ssb'].includes(config.method) ? ` of ${config.blockSize}` : '';
  return `${config.method} (${description}${size}), sparsity ${config.sparsity} by ${config.distribution}`;
}

/** Trains, prints and saves. Returns the best epoch. */
async function train(trainer: Trainer, folder: RunFolder): Promise<EpochEvent> {
  const progress = startProgress(trainer.totalSteps, 'steps');
  const topology = new TopologyLog((warning) => progress.log(warning));
  const interrupt = onInterrupt();
  let best: EpochEvent | undefined;
  try {
    for await (const event of trainer.run()) {
      folder.append(event);
      if (event.type === 'step') {
        progress.update(
          event.step + 1,
          `epoch ${event.epoch + 1}, loss ${event.loss.toFixed(4)}, ${event.ms.toFixed(0)} ms a step`,
        );
      } else if (event.type === 'topology') {
        topology.add(event);
      } else {
        progress.log(`${describeEpoch(event, trainer)}${topology.endEpoch()}`);
        const isBest = best === undefined || event.testAccuracy > best.testAccuracy;
        if (isBest) best = event;
        await saveCheckpoints(trainer, folder, isBest);
      }
      if (interrupt.requested && event.type !== 'topology') {
        await saveCheckpoints(trainer, folder, false);
        throw new InterruptedError(
          `stopped after ${trainer.step} of ${trainer.totalSteps} steps; saved ${folder.path}`,
        );
      }
    }
  } finally {
    progress.stop();
    interrupt.dispose();
  }
  return best!;
}

async function saveCheckpoints(trainer: Trainer, folder: RunFolder, isBest: boolean): Promise<void> {
  const bytes = await encodeCheckpoint(trainer);
  await folder.saveCheckpoint('last', bytes);
  if (isBest) await folder.saveCheckpoint('best', bytes);
}

/** The user pressed Ctrl-C; what was done is saved. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
}

/** The first Ctrl-C asks for an end between two steps, the second ends the process at once. */
function onInterrupt() {
  const state = { requested: false, dispose: () => void process.off('SIGINT', listener) };
  const listener = () => {
    if (state.requested) process.exit(130);
    state.requested = true;
    console.error('\nstopping at the next step line and saving; press Ctrl-C again to stop at once');
  };
  process.on('SIGINT', listener);
  return state;
}

function describeEpoch(event: EpochEvent, { parts: { config } }: Trainer): string {
  return (
    `epoch ${event.epoch + 1}/${config.epochs}  train loss ${event.trainLoss.toFixed(4)} accuracy ${percent(event.trainAccuracy)}  ` +
    `test loss ${event.testLoss.toFixed(4)} accuracy ${percent(event.testAccuracy)}  ${formatDuration(event.seconds)}`
  );
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
