// What becomes of image files that cannot be decoded: the first one ends the run, or all are left out, named and counted.

import { InputError } from '../device/index.js';

export const BROKEN_IMAGES = ['stop', 'skip'] as const;
export type BrokenImagesRule = (typeof BROKEN_IMAGES)[number];

export class BrokenImages {
  private readonly paths = new Set<string>();

  constructor(
    private readonly rule: BrokenImagesRule,
    private readonly warn: (message: string) => void,
  ) {}

  /** Different files so far. */
  get count(): number {
    return this.paths.size;
  }

  /** @throws InputError unless damaged images are left out. */
  report(path: string, reason: string): void {
    if (this.rule === 'stop') {
      throw new InputError(`${path}: expected an image, got: ${reason}; --broken-images skip leaves such files out`);
    }
    if (this.paths.has(path)) return;
    this.paths.add(path);
    this.warn(`left out   ${path}: ${reason}`);
  }
}
