// Operations with every tiling that a measurement may choose.

import type { Device } from '../../src/device/index.js';
import { tileChoices } from '../../src/shaders/tiling/tiling.js';

/** Checks an operation with the usual tilings of its kernels, then with all i-th others at once. @returns how many there were. */
export async function checkAllTilings(device: Device, check: () => Promise<void>): Promise<number> {
  const choices = tileChoices(device);
  const noted = await choices.note(check);
  const most = Math.max(...[...noted.values()].map(({ length }) => length));
  for (let i = 1; i < most; i++) {
    for (const [key, tilings] of noted) choices.set(key, tilings[i] ?? tilings[0]);
    await check();
  }
  for (const key of noted.keys()) choices.delete(key);
  return most;
}
