// The present speed: the median of the last values.

import { expect, it } from 'vitest';
import { median, RECENT, RunningMedian } from '../../web/page/median.js';

it('is at every value the median of the last ones', () => {
  const running = new RunningMedian();
  const values = Array.from({ length: 4 * RECENT }, (_, i) => (i * 37) % 101);
  values.forEach((value, i) => {
    expect(running.next(value)).toBe(median(values.slice(Math.max(0, i + 1 - RECENT), i + 1)));
  });
});
