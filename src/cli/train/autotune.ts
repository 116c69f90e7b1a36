// --autotune: tilings measured before a training, kept for the next one, and noted in the run's folder so that a resumed run computes
// with the same.

import type { Device } from '../../device/index.js';
import { tileChoices } from '../../shaders/index.js';
import { autotune, type MemoryNeed, mergeTilings, type Trainer, type TunedOperation } from '../../train/index.js';
import { type TilingsFiles, tilingsFiles } from '../../train/index.node.js';
import { choice } from '../options.js';
import { startProgress } from '../progress.js';

export type AutotuneFlag = 'auto' | 'on' | 'off';

export const autotuneOption = () =>
  choice('--autotune <when>', 'measure how to tile the operations of a new network; auto does so on GPUs', [
    'auto',
    'on',
    'off',
  ]).default('auto');

/** Software adapters compile for longer than a short training takes; without timestamps nothing can be measured. */
function isTuned(device: Device, flag: AutotuneFlag): boolean {
  if (flag === 'auto') return !device.info.isSoftware && device.has('timestamp-query');
  return flag === 'on';
}

interface TunedTrainer {
  readonly trainer: Trainer;
  /** What is known of the adapter: more than this trainer needs. */
  readonly tilings: readonly TunedOperation[];
}

/** A trainer tiled as the run that goes on, or as well as is known. */
export async function tiledTrainer(
  device: Device,
  make: () => Promise<Trainer>,
  flag: AutotuneFlag,
  tilingsOfRun: readonly TunedOperation[] | undefined,
): Promise<TunedTrainer> {
  if (tilingsOfRun !== undefined) {
    useTilings(device, tilingsOfRun);
  } else if (isTuned(device, flag)) {
    return tunedTrainer(device, make, tilingsFiles());
  }
  return { trainer: await make(), tilings: [] };
}

/** What the step will need, and those of the tilings that it uses. */
export async function planMemory(trainer: Trainer, tilings: readonly TunedOperation[]) {
  let memory: MemoryNeed = { heldBytes: 0, stepBytes: 0 };
  const noted = await tileChoices(trainer.parts.device).note(async () => {
    memory = await trainer.planMemory();
  });
  return { memory, tilingsUsed: tilings.filter(({ key }) => noted.has(key)) };
}

/**
 * A trainer whose operations are tiled as well as is known, measured first where that is not known.
 * @param make a trainer; called again if measuring has used the first one up.
 */
async function tunedTrainer(device: Device, make: () => Promise<Trainer>, store: TilingsFiles): Promise<TunedTrainer> {
  const adapter = device.info.description;
  const known = await store.load(adapter);
  useTilings(device, known);
  const trainer = await make();
  const measured = await tune(trainer);
  if (measured.length === 0) return { trainer, tilings: known };
  trainer.dispose();
  // Another training may have saved what it measured meanwhile; this one uses what it knows.
  await store.save(adapter, mergeTilings(await store.load(adapter), measured));
  console.log(`tuned      ${describeTuning(measured)}; kept in ${store.pathOf(adapter)}`);
  return { trainer: await make(), tilings: mergeTilings(known, measured) };
}

/** Uses those that were measured on this adapter, where trainings do so by default. @returns how many there are. */
export async function useKnownTilings(device: Device): Promise<number> {
  if (!isTuned(device, 'auto')) return 0;
  const known = await tilingsFiles().load(device.info.description);
  useTilings(device, known);
  return known.length;
}

/** For a report, below the adapter's line. @param count as `useKnownTilings` gives it: also of other layers than those that are timed. */
export function describeTilings(count: number): string {
  return `tilings    ${count} known from measurements on this adapter, the others by rule`;
}

function useTilings(device: Device, tilings: readonly TunedOperation[]): void {
  tileChoices(device).offer(tilings.map(({ key, tiles }) => [key, tiles]));
}

/** Measures, with progress. @returns what was measured. */
export async function tune(trainer: Trainer, seconds?: number): Promise<TunedOperation[]> {
  let progress: ReturnType<typeof startProgress> | undefined;
  const onProgress = (done: number, total: number, note: string) => {
    progress ??= startProgress(total, 'trials', 'measuring tilings');
    progress.update(done, note);
  };
  try {
    return await autotune(trainer, { seconds, onProgress });
  } finally {
    progress?.stop();
  }
}

/** `23 operations, 9 of them faster than by rule, 1.31x over all`. */
export function describeTuning(operations: readonly TunedOperation[]): string {
  const faster = operations.filter(({ ms, usualMs }) => ms < usualMs).length;
  const sum = (of: (operation: TunedOperation) => number) => operations.reduce((total, one) => total + of(one), 0);
  const gain = sum(({ usualMs }) => usualMs) / sum(({ ms }) => ms);
  return `${operations.length} operations, ${faster} of them faster than by rule, ${gain.toFixed(2)}x over all`;
}
