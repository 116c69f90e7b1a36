// What becomes of image files that cannot be decoded: the first one ends the run, or all are left out, named and counted.

import { InputError } from '../../device/index.js';

export const BROKEN_IMAGES = ['stop', 'skip'] as const;
export type BrokenImagesRule = (typeof BROKEN_IMAGES)[number];

/** A file that holds no image, or a damaged one. The message names no file. */
export class BrokenImageError extends Error {
  override name = 'BrokenImageError';
}

export class BrokenImages {
  private readonly paths = new Set<string>();

  /** @param advice how damaged images are left out, for messages. */
  constructor(
    private readonly rule: BrokenImagesRule,
    private readonly warn: (message: string) => void,
    private readonly advice: string,
  ) {}

  /** Different files so far. */
  get count(): number {
    return this.paths.size;
  }

  /** @throws InputError unless damaged images are left out. */
  report(path: string, reason: string): void {
    if (this.rule === 'stop') {
      throw new InputError(`${path}: expected an image, got: ${reason}; ${this.advice} leaves such files out`);
    }
    if (this.paths.has(path)) return;
    this.paths.add(path);
    this.warn(`left out   ${path}: ${reason}`);
  }
}
