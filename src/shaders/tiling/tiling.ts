// How operations are cut into workgroups and registers. Each operation has a rule of its own that is good everywhere, and other
// tilings to try; what was measured on an adapter (src/train/tuning/autotune.ts) is used in place of the rule. A tiling never changes
// what is computed beyond rounding.

import type { Device } from '../../device/index.js';

/** Numbers that an operation gives a meaning to: rows of a thread, threads of a workgroup, and so on. */
export type Tiles = Readonly<Record<string, number>>;

/** What an operation on certain shapes can be tiled by: the rule's choice, and others to try. */
export interface Tiling<T extends Tiles = Tiles> {
  readonly usual: T;
  readonly others: () => readonly T[];
}

/**
 * Those tilings whose grid the device can dispatch. Where the usual one is cut too finely, the first other one that fits takes its place.
 * @param extent of the grid along the dimension of positions, in workgroups.
 */
export function dispatchable<T extends Tiles>(
  device: Device,
  { usual, others }: Tiling<T>,
  extent: (tiles: T) => number,
): Tiling<T> {
  const most = device.limit('maxComputeWorkgroupsPerDimension');
  const fitting = () => others().filter((tiles) => extent(tiles) <= most);
  // Where nothing fits, dispatching says so.
  return { usual: extent(usual) <= most ? usual : (fitting()[0] ?? usual), others: fitting };
}

/** The tilings of a device. */
export class TileChoices {
  /** What is used in place of the rule, by key. */
  private readonly chosen = new Map<string, Tiles>();
  /** What was measured earlier, perhaps by another version: used if it is among the tilings of its operation. */
  private readonly offered = new Map<string, Tiles>();
  private noted: Map<string, readonly Tiles[]> | undefined;

  choose<T extends Tiles>(key: string, { usual, others }: Tiling<T>): T {
    this.noted?.set(key, [usual, ...distinct(usual, others())]);
    const offer = this.offered.get(key);
    if (offer) {
      this.offered.delete(key);
      const known = [usual, ...others()].find((tiles) => sameTiles(tiles, offer));
      if (known) this.chosen.set(key, known);
    }
    return (this.chosen.get(key) as T | undefined) ?? usual;
  }

  set(key: string, tiles: Tiles): void {
    this.chosen.set(key, tiles);
  }

  has(key: string): boolean {
    return this.chosen.has(key);
  }

  /** Back to the rule. */
  delete(key: string): void {
    this.chosen.delete(key);
  }

  /** Tilings from a file. What does not fit its operation is left unused. */
  offer(tilings: Iterable<readonly [string, Tiles]>): void {
    for (const [key, tiles] of tilings) this.offered.set(key, tiles);
  }

  /** Runs `body`. @returns the tilings that each operation in it could have, by key, the usual one first. */
  async note(body: () => Promise<void>): Promise<Map<string, readonly Tiles[]>> {
    const noted = new Map<string, readonly Tiles[]>();
    this.noted = noted;
    try {
      await body();
    } finally {
      this.noted = undefined;
    }
    return noted;
  }
}

const choicesOf = new WeakMap<Device, TileChoices>();

export function tileChoices(device: Device): TileChoices {
  const known = choicesOf.get(device);
  if (known) return known;
  const choices = new TileChoices();
  choicesOf.set(device, choices);
  return choices;
}

/**
 * Launches an operation with the tiling that is best as far as is known.
 * @param key operation and all that its time depends on.
 * @param launch whose dispatches bear the key in their labels, so that measured times can be told apart.
 */
export function tiled<T extends Tiles, Result>(
  device: Device,
  key: string,
  tiling: Tiling<T>,
  launch: (tiles: T) => Result,
): Result {
  const tiles = tileChoices(device).choose(key, tiling);
  return device.labelled({ ...device.label, operation: key }, () => launch(tiles));
}

export function sameTiles(a: Tiles, b: Tiles): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Of `others` those that differ from `usual` and from each other. */
function distinct<T extends Tiles>(usual: T, others: readonly T[]): T[] {
  return others.filter((tiles, i) => ![usual, ...others.slice(0, i)].some((earlier) => sameTiles(earlier, tiles)));
}
