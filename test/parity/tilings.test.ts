// The first losses of the training fixtures under other tilings than the usual ones: what an autotuner may choose changes no more than rounding.
// The i-th fixture runs with the tilings of one place in each operation's list; ALL_TILINGS=1 has every fixture run with all of them.

import { afterAll, describe, expect, it } from 'vitest';
import { type Tiles, tileChoices } from '../../src/shaders/index.js';
import type { StepEvent } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { expectedOf, FIXTURES, trainerOf } from './fixtures.js';

const STEPS = 5;

const device = await testDevice();
const choices = tileChoices(device);
afterAll(() => device.destroy());

async function firstLosses(name: string, steps: number): Promise<number[]> {
  const trainer = await trainerOf(device, name, steps);
  const losses: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') losses.push((event as StepEvent).loss);
  trainer.dispose();
  return losses;
}

/** Has every operation that was noted use its i-th tiling, or the last it has. */
function choose(noted: ReadonlyMap<string, readonly Tiles[]>, i: number): void {
  for (const [key, tilings] of noted) choices.set(key, tilings[Math.min(i, tilings.length - 1)]);
}

describe('training fixtures under other tilings', () => {
  it.each(FIXTURES)(
    '%s',
    async (name) => {
      const expected = expectedOf(name);
      const noted = await choices.note(async () => void (await firstLosses(name, 1)));
      const most = Math.max(...[...noted.values()].map(({ length }) => length));
      expect(most).toBeGreaterThan(5);
      const all = Array.from({ length: most - 1 }, (_, i) => i + 1);
      const own = 1 + ((2 * FIXTURES.indexOf(name)) % (most - 1));
      for (const i of process.env.ALL_TILINGS ? all : [own]) {
        choose(noted, i);
        const losses = await firstLosses(name, STEPS);
        expect(losses).toHaveLength(STEPS);
        for (const [step, loss] of losses.entries()) {
          const difference = Math.abs(loss / expected.losses[step] - 1);
          expect(difference, `tiling ${i}, loss of step ${step}`).toBeLessThan(0.001);
        }
      }
      for (const key of noted.keys()) choices.delete(key);
    },
    process.env.ALL_TILINGS ? 3_600_000 : 400_000,
  );
});
