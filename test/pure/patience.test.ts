import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Patience } from '../../src/device/patience.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Waits for work that takes `workMs` from now on. Returns how long the wait took, and how long the question stood. */
async function wait(
  patience: Patience,
  dispatches: number,
  workMs: number,
): Promise<{ waitMs: number; askMs: number }> {
  const start = performance.now();
  let asked = 0;
  const ending = patience.wait(dispatches, async () => {
    asked = performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + workMs - asked)));
  });
  await vi.runAllTimersAsync();
  await ending;
  const end = performance.now();
  return { waitMs: end - start, askMs: end - asked };
}

describe('Patience', () => {
  it('sleeps for most of what the same work took before', async () => {
    const patience = new Patience();
    await wait(patience, 10, 100);
    await wait(patience, 20, 100);
    const { waitMs, askMs } = await wait(patience, 30, 100);
    expect(waitMs).toBeCloseTo(100);
    expect(askMs).toBeCloseTo(20);
  });

  it('does not expect the first work to be the measure: it holds what is compiled on first use', async () => {
    const patience = new Patience();
    await wait(patience, 10, 10_000);
    expect((await wait(patience, 20, 100)).waitMs).toBeCloseTo(100);
  });

  it('recovers soon when dispatches become a hundred times shorter', async () => {
    const patience = new Patience();
    for (let n = 1; n <= 3; n++) await wait(patience, n, 200);
    const waits: number[] = [];
    for (let n = 1; n <= 5; n++) waits.push((await wait(patience, 3 + 8 * n, 16)).waitMs);
    expect(waits.slice(4).every((ms) => ms < 25)).toBe(true);
  });
});
