// shuffleblock train: one training run, from flags to a run folder.

import { resolve } from 'node:path';
import type { AnyDataset } from '../../data/index.js';
import { type Device, formatBytes, InputError } from '../../device/index.js';
import { checkModelName } from '../../models/index.js';
import {
  checkConfig,
  createTrainer,
  DivergenceError,
  encodeCheckpoint,
  formatSummary,
  type InitialState,
  type RunConfig,
  restoreTrainer,
  type Summary,
  type Trainer,
  type TunedOperation,
} from '../../train/index.js';
import { openRunDashboard, type RunDashboard } from '../dashboard_command.js';
import { describeData, loadData } from '../data/data_options.js';
import { InterruptedError, onInterrupt } from '../interrupt.js';
import { readModel, readModelFile } from '../model_input.js';
import { openCommandDevice } from '../options.js';
import { formatDuration, startProgress } from '../progress.js';
import { checkSameRun, resumedSettings } from '../run/resume.js';
import { RunFolder, type RunSettings } from '../run/run_folder.js';
import { sessionSave, sessionStart } from '../run/session_log.js';
import { TopologyLog } from '../run/topology_log.js';
import { testModel } from '../test_model.js';
import { planMemory, tiledTrainer } from './autotune.js';
import {
  describeBest,
  describeEpoch,
  describeMethod,
  describeOverflow,
  describePrecision,
  percent,
} from './describe.js';
import { idleFlags } from './idle_flags.js';
import { checkInitialTopology } from './init_check.js';
import { profileSteps } from './profile_report.js';
import { configOf } from './train_config.js';
import type { TrainFlags } from './train_options.js';

/** A run without --checkpoint-every loses at most so much, where epochs are long. */
const MOST_MS_UNSAVED = 600_000;

export async function trainCommand(flags: TrainFlags): Promise<void> {
  checkCheckpointEvery(flags.checkpointEvery);
  checkProfile(flags);
  if (flags.resume !== undefined) return resumeRun(flags.resume, flags);
  const config = checkConfig(configOf(flags));
  checkModelName(config.model);
  for (const line of idleFlags(flags, config)) console.warn(`warning: ${line}`);
  if (flags.out !== undefined) RunFolder.checkFree(flags.out);
  const { dataDir, init } = flags;
  const files = {
    ...(dataDir === undefined ? {} : { dataDir: resolve(dataDir) }),
    ...(init === undefined ? {} : { init: resolve(init) }),
  };
  const settings: RunSettings = { config, files };
  const initial = init === undefined ? undefined : await readModelFile(init, '--init ');
  await trainInFolder(settings, initial, flags, () =>
    RunFolder.create(flags.out ?? RunFolder.defaultPath(config), settings),
  );
}

/** Goes on with the run of a folder: from its last checkpoint, or from the start if there is none yet. */
async function resumeRun(path: string, flags: TrainFlags): Promise<void> {
  const folder = await RunFolder.open(path);
  try {
    const stored = folder.readSettings();
    const settings = resumedSettings(path, stored, flags);
    checkConfig(settings.config);
    const saved = folder.readCheckpoint();
    if (saved) checkSameRun(settings.config, saved.checkpoint, saved.where);
    const { init } = settings.files;
    const initial = saved
      ? { tensors: saved.checkpoint.model, where: saved.where }
      : init === undefined
        ? undefined
        : await readModelFile(init, '--init ');
    await trainInFolder(
      settings,
      initial,
      flags,
      async (trainer) => {
        if (saved) restoreTrainer(trainer, saved.checkpoint, saved.where);
        if (JSON.stringify(settings) !== JSON.stringify(stored)) await folder.saveSettings(settings);
        await folder.metrics.cutAfter(trainer.position);
        const place = `at step ${trainer.step} of ${trainer.totalSteps}`;
        console.log(trainer.isFinished ? `finished   ${place}: nothing is left to do` : `resumed    ${place}`);
        return folder;
      },
      folder.readTilings(),
    );
  } finally {
    folder.close();
  }
}

/** Trains to the end. `enter` makes the run folder or restores the trainer from it, once everything else is known to be right. */
async function trainInFolder(
  { config, files }: RunSettings,
  initial: InitialState | undefined,
  flags: TrainFlags,
  enter: (trainer: Trainer) => Promise<RunFolder>,
  tilingsOfRun?: readonly TunedOperation[],
): Promise<void> {
  const start = performance.now();
  const { limitTrain, limitTest, imageSize, brokenImages } = config;
  const { workers, dataUrl } = flags;
  const dataFlags = { dataDir: files.dataDir, dataUrl, imageSize, brokenImages, workers };
  const dataset = await loadData(config.dataSet, dataFlags, { limit: { train: limitTrain, test: limitTest } });
  const device = await openCommandDevice(flags.adapter, config.precision, flags.matrixUnits);
  let dashboard: RunDashboard | undefined;
  try {
    if (flags.dashboard !== undefined) {
      dashboard = await openRunDashboard(flags.resume ?? flags.out ?? RunFolder.defaultPath(config), flags.dashboard);
    }
    console.log(device.report());
    console.log(describeData(dataset, config.validation));
    const make = () => createTrainer(device, config, dataset, initial);
    const { trainer, tilings } = await tiledTrainer(device, make, flags.autotune, tilingsOfRun);
    if (initial && flags.resume === undefined) checkInitialTopology(trainer, initial);
    console.log(`model      ${config.model}, ${describeMethod(config)}${describePrecision(config)}`);
    console.log(`\n${formatSummary(trainer.parts.model, dataset)}\n`);
    const { memory, tilingsUsed } = await planMemory(trainer, tilings);
    const { heldBytes, stepBytes } = memory;
    console.log(
      `memory     ${formatBytes(heldBytes + stepBytes)} on the GPU: ${formatBytes(stepBytes)} for a step, the rest parameters, state and images`,
    );
    if (flags.profile !== undefined) {
      await profileSteps(device, trainer, flags.profile, flags.trace);
      return;
    }
    const folder = await enter(trainer);
    try {
      if (tilingsOfRun === undefined && tilingsUsed.length > 0) {
        await folder.saveTilings(device.info.description, tilingsUsed);
      }
      warnOfNoUpdate(trainer);
      console.log(`run        ${trainer.totalSteps} steps of ${config.batchSize} images, into ${folder.path}`);
      dashboard?.announce(folder.path);
      folder.sessions.append(sessionStart(trainer));
      device.resetPeak();
      await train(trainer, folder, flags, () => folder.sessions.append(sessionSave(trainer, start)));
      const duration = formatDuration((performance.now() - start) / 1000);
      console.log(`done       ${describeBest(trainer)}, ${duration} in all`);
      console.log(
        `saved      ${folder.path}: config.json, metrics.jsonl, sessions.jsonl, checkpoint-last and -best.safetensors`,
      );
      const { step, best } = trainer.position;
      trainer.dispose();
      if (config.validation !== undefined && best) {
        const { loss, accuracy, top5, count } = await testBest(device, folder, config, dataset);
        folder.sessions.append({ type: 'test', step, epoch: best.epoch, loss, accuracy, top5, images: count });
        console.log(
          `tested     checkpoint-best (epoch ${best.epoch + 1}): test accuracy ${percent(accuracy)}, loss ${loss.toFixed(4)}`,
        );
      }
    } finally {
      folder.close();
    }
  } finally {
    await dashboard?.close();
    device.destroy();
  }
}

/** A run shorter than one interval between updates is static, whatever its method. */
function warnOfNoUpdate({ parts: { topology, config }, totalSteps }: Trainer): void {
  if (!topology || (topology.firstStep ?? totalSteps) < totalSteps) return;
  console.warn(
    `warning: no topology update in ${totalSteps} steps, so the training is static: T is ${config.updateInterval}, and updates end after ` +
      'three quarters of a run unless --T-end says otherwise',
  );
}

/** Of a run with `--validation`, once, at its end: nothing was chosen by the test images before. */
async function testBest(
  device: Device,
  { path }: RunFolder,
  { batchSize, microBatch = batchSize, limitTest }: RunConfig,
  dataset: AnyDataset,
): Promise<Summary> {
  const file = await readModel(path, {});
  return (await testModel(device, file, dataset, { batchSize: microBatch, limitTest })).summary;
}

/** Trains, prints and saves; tells after each save. */
async function train(
  trainer: Trainer,
  folder: RunFolder,
  { checkpointEvery, record }: TrainFlags,
  onSave: () => void,
): Promise<void> {
  const progress = startProgress(trainer.totalSteps, 'steps', 'compiling shaders');
  const topology = new TopologyLog(trainer.parts.topology?.layerCount ?? 0, (warning) => progress.log(warning));
  const interrupt = onInterrupt();
  let lastSave = performance.now();
  const save = async (isBest: boolean) => {
    await folder.saveCheckpoints(await encodeCheckpoint(trainer), isBest);
    onSave();
    lastSave = performance.now();
  };
  const isSaveDue = () =>
    checkpointEvery === undefined
      ? performance.now() - lastSave > MOST_MS_UNSAVED
      : trainer.step % checkpointEvery === 0;
  try {
    for await (const event of trainer.run({ pauseEvery: checkpointEvery, record })) {
      if (event.type !== 'pause') folder.metrics.append(event);
      if (event.type === 'overflow') {
        progress.log(describeOverflow(event));
        // The step's own line follows.
        continue;
      }
      if (event.type === 'topology') {
        // The step's other layers follow: not yet the time to save.
        topology.add(event);
        continue;
      }
      if (event.type === 'epoch') {
        progress.log(
          `${describeEpoch(event, trainer.parts.config, trainer.parts.train.dataset.classes)}${topology.endEpoch()}`,
        );
        const { best } = trainer.position;
        await save(best?.epoch === event.epoch && best.testAccuracy === event.testAccuracy);
      } else if (event.type === 'step') {
        progress.update(
          event.step + 1,
          `epoch ${event.epoch + 1}, loss ${event.loss.toFixed(4)}, ${event.ms.toFixed(0)} ms a step`,
        );
      }
      const { requested } = interrupt;
      if (event.type !== 'epoch' && (isSaveDue() || requested !== undefined)) await save(false);
      if (requested !== undefined) {
        const progressSaved = `stopped after ${trainer.step} of ${trainer.totalSteps} steps; saved ${folder.path}`;
        throw new InterruptedError(progressSaved, requested);
      }
    }
  } catch (error) {
    throw error instanceof DivergenceError ? withWayOn(error, folder) : error;
  } finally {
    progress.stop();
    interrupt.dispose();
  }
}

/** A diverged run ends with the same error when it is resumed. */
function withWayOn(error: DivergenceError, folder: RunFolder): InputError {
  const last = folder.lastCheckpoint;
  const wayOn = last
    ? `${last} is from before; to go on from there with other settings: --init ${last} --lr LOWER`
    : 'no checkpoint had been saved before';
  return new InputError(`${error.message}; ${wayOn}`);
}

function checkProfile({ profile, trace, resume, dashboard }: TrainFlags): void {
  if (profile === undefined) {
    if (trace !== undefined) throw new InputError(`--trace ${trace}: expected --profile beside it`);
  } else if (!(Number.isInteger(profile) && profile > 0)) {
    throw new InputError(`--profile: expected a positive whole number of steps, got ${profile}`);
  } else if (resume !== undefined) {
    throw new InputError('--profile: expected no --resume beside it; --init takes the weights of a checkpoint');
  } else if (dashboard !== undefined) {
    throw new InputError('--profile: expected no --dashboard beside it; it makes no run');
  }
}

function checkCheckpointEvery(steps: number | undefined): void {
  if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) {
    throw new InputError(`--checkpoint-every: expected a positive whole number, got ${steps}`);
  }
}
