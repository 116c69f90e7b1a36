// How many workgroups a dispatch has along x, y and z.

import { KernelError } from './errors.js';
import type { Kernel } from './kernel.js';

/** Along x, y, z; or in all, to be spread over x and y. */
export type Workgroups = number | readonly [number, number?, number?];

/** @param most workgroups along one dimension. @throws KernelError if more are asked for along one, or no whole number. */
export function gridOf(kernel: Kernel, workgroups: Workgroups, most: number): [number, number, number] {
  for (const count of typeof workgroups === 'number' ? [workgroups] : workgroups) {
    if (count === undefined || (Number.isInteger(count) && count >= 0)) continue;
    throw new KernelError(`${kernel.path}: expected whole numbers of workgroups, got ${count}`, kernel.path);
  }
  if (typeof workgroups === 'number') {
    if (workgroups <= most) return [workgroups, 1, 1];
    const rows = Math.ceil(workgroups / most);
    return [Math.ceil(workgroups / rows), rows, 1];
  }
  const [x, y = 1, z = 1] = workgroups;
  if (x > most || y > most || z > most) {
    throw new KernelError(
      `${kernel.path}: grid [${x}, ${y}, ${z}] exceeds ${most} workgroups along one dimension`,
      kernel.path,
    );
  }
  return [x, y, z];
}
