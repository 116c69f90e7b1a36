// Waiting without polling: few turns of the event loop, prompt answers, and other callbacks go on.
import { describe, expect, it } from 'vitest';
import { waitIdly } from '../../src/device/dawn/idle_loop.node.js';

const later = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(resolve, ms, value));

/** Turns of the event loop during `body`, in which a callback asks for the next turn each time, as Dawn's binding does. */
async function turnsDuring(body: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await body();
  isOver = true;
  return turns;
}

describe('waitIdly', () => {
  it('gives the answer, or the reason why there is none', async () => {
    expect(await waitIdly(() => later(5, 'answer'))).toBe('answer');
    await expect(waitIdly(() => Promise.reject(new Error('reason')))).rejects.toThrow('reason');
    await expect(
      waitIdly(() => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
  });

  it('takes few turns of the event loop', async () => {
    const polling = await turnsDuring(() => later(300, 0));
    const idle = await turnsDuring(() => waitIdly(() => later(300, 0)));
    expect(idle).toBeLessThan(polling / 3);
  });

  it('answers within a few milliseconds, however long the wait', async () => {
    const lateness: number[] = [];
    for (const ms of [3, 30, 300]) {
      const start = performance.now();
      const end = await waitIdly(async () => {
        await later(ms, 0);
        return performance.now();
      });
      lateness.push(performance.now() - end, end - start - ms);
    }
    expect(Math.min(...lateness)).toBeGreaterThan(-2);
    expect(lateness.sort((a, b) => a - b)[3]).toBeLessThan(20);
  });

  it('naps no longer after many short waits', async () => {
    for (let i = 0; i < 300; i++) await waitIdly(() => Promise.resolve());
    const turns = await turnsDuring(() => waitIdly(() => later(300, 0)));
    // A nap takes 4 ms at most; with a loop for each of the waits before, a turn would take a second.
    expect(turns).toBeGreaterThan(20);
  });

  it('leaves other callbacks their turns', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await waitIdly(() => later(200, 0));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(8);
  });

  it('does not nap once every wait has ended', async () => {
    const idle = await turnsDuring(() => Promise.all([waitIdly(() => later(50, 0)), waitIdly(() => later(300, 0))]));
    expect(await turnsDuring(() => later(300, 0))).toBeGreaterThan(3 * idle);
  });
});
