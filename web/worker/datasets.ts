// The data sets that this worker has: the digits of the page, and what the visitor brings.

import type { AnyDataset } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { loadDigits } from './digits.js';

const DIGITS = 'mnist';

export class Datasets {
  private readonly loaded = new Map<string, AnyDataset>();

  /** @param base the page's address. */
  constructor(private readonly base: string) {}

  /** @throws InputError if it has to come from files and has not. */
  async get(name: string): Promise<AnyDataset> {
    const dataset = this.loaded.get(name) ?? (name === DIGITS ? await loadDigits(this.base) : undefined);
    if (!dataset) throw new InputError(`${name}: expected its files, got none yet: choose them under Data first`);
    this.loaded.set(name, dataset);
    return dataset;
  }
}
