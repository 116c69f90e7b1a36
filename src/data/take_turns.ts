// Work that is asked for all at once and done a few pieces at a time, in the order in which it was asked for.

import { InputError } from '../device/index.js';

/**
 * `work`, run at most so many times at once; later calls wait for their turn.
 * @throws InputError unless `workers` is a positive integer.
 */
export function takeTurns<Job, Result>(workers: number, work: (job: Job) => Promise<Result>) {
  if (!(Number.isInteger(workers) && workers > 0)) {
    throw new InputError(`workers: expected a positive whole number, got ${workers}`);
  }
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (job: Job): Promise<Result> => {
    if (running >= workers) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work(job);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
