// Reading a plot by keyboard.

import { expect, it } from 'vitest';
import { pointAfter } from '../../web/page/plot_keys.js';

it.each([
  ['ArrowLeft', 50, 49],
  ['ArrowRight', 50, 51],
  ['PageDown', 50, 40],
  ['PageUp', 50, 60],
  ['Home', 50, 0],
  ['End', 50, 99],
  ['ArrowLeft', 0, 0],
  ['PageUp', 95, 99],
])('%s leads from point %s of 100 to %s', (key, at, to) => {
  expect(pointAfter(key, at, 100)).toBe(to);
});

it('goes to the last point where there are fewer than there were', () => {
  expect(pointAfter('ArrowLeft', 50, 10)).toBe(9);
});

it('leaves other keys, and empty plots, alone', () => {
  expect(pointAfter('Tab', 5, 10)).toBeUndefined();
  expect(pointAfter('Home', -1, 0)).toBeUndefined();
});
