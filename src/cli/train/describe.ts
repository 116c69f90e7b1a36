// What `train` says of a run, in words.

import {
  type EpochEvent,
  evaluatedOn,
  methodNamed,
  type OverflowEvent,
  type RunConfig,
  type Trainer,
} from '../../train/index.js';
import { formatDuration } from '../progress.js';

export function describeMethod(config: RunConfig): string {
  const { method, sparsity, distribution, growth, layers, compat } = config;
  const { description, growth: usual } = methodNamed(method);
  if (method === 'dense') return `dense (${description})`;
  const size = ['dsb', 'ssb'].includes(method) ? ` of ${config.blockSize}` : '';
  const parts = [`${method} (${description}${size})`, `sparsity ${sparsity} by ${distribution}`];
  if (usual && growth && growth !== usual) parts.push(`growth ${growth}`);
  if (layers.length > 0) parts.push(`rules for ${layers.map(({ pattern }) => pattern).join(', ')}`);
  if (compat) parts.push(`--compat ${compat}`);
  return parts.join(', ');
}

export function describePrecision({ precision = 'f32' }: RunConfig): string {
  return precision === 'f16' ? '; activations and gradients in f16, sums, weights and BatchNorm in f32' : '';
}

export function describeBest({ position: { best }, parts: { config } }: Trainer): string {
  if (!best) return 'nothing was evaluated';
  return `best ${evaluatedOn(config)} accuracy ${percent(best.testAccuracy)} (epoch ${best.epoch + 1})`;
}

/** One line; with top-5 accuracy where five guesses are not half of the classes, what updates and waiting cost if that is noticeable. */
export function describeEpoch(
  event: EpochEvent,
  config: Pick<RunConfig, 'epochs' | 'validation'>,
  classes: number,
): string {
  const top5 = classes > 10 ? ` top-5 ${percent(event.testTop5)}` : '';
  const shares = [
    ['updates', event.updateSeconds],
    ['waiting for data', event.dataWaitSeconds],
  ] as const;
  const noticeable = shares.filter(([, seconds]) => seconds > 0.01 * event.seconds);
  const notes = noticeable.map(([what, seconds]) => `${what} ${((100 * seconds) / event.seconds).toFixed(1)}%`);
  if (event.skippedImages !== undefined) notes.push(`${event.skippedImages} damaged images left out`);
  return (
    `epoch ${event.epoch + 1}/${config.epochs}  train loss ${event.trainLoss.toFixed(4)} accuracy ${percent(event.trainAccuracy)}  ` +
    `${evaluatedOn(config)} loss ${event.testLoss.toFixed(4)} accuracy ${percent(event.testAccuracy)}${top5}  ${formatDuration(event.seconds)}` +
    (notes.length > 0 ? ` (${notes.join(', ')})` : '')
  );
}

export function describeOverflow({ step, parameter, lossScale }: OverflowEvent): string {
  return `step ${step} left out: the gradient of ${parameter} overflowed at a loss scale of ${lossScale}, which is halved`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
