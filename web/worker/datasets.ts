// The data sets that this worker has: the digits that come with the page, and what the visitor chooses.

import { type AnyDataset, datasetFromFiles, fetchFile, MNIST } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';

/** In MNIST's own files: see web/pack_digits.node.ts. */
const DIGITS = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];

/** A data set has to come from files, and has not. */
export class MissingFilesError extends InputError {
  override name = 'MissingFilesError';
}

export class Datasets {
  private digits: AnyDataset | undefined;
  /** By name, with what tells the files from others. */
  private readonly chosen = new Map<string, { readonly key: string; readonly dataset: AnyDataset }>();

  /** @param base the page's address. */
  constructor(private readonly base: string) {}

  /**
   * For a new run.
   * @param files chosen by the visitor; none for the digits of the page.
   * @throws MissingFilesError where there are none; InputError if they are not those of the data set.
   */
  async get(name: string, files: readonly File[]): Promise<AnyDataset> {
    if (files.length > 0) return this.fromFiles(name, files);
    if (name !== MNIST.name) throw missing(name);
    return this.loadDigits();
  }

  /**
   * For a run that goes on: of what has been chosen, or the digits of the page.
   * @param trainCount images for training that it had, if that is known.
   * @throws MissingFilesError
   */
  async find(name: string, trainCount?: number): Promise<AnyDataset> {
    const chosen = this.chosen.get(name)?.dataset;
    const candidates = [chosen, name === MNIST.name ? await this.loadDigits() : undefined];
    const found = candidates.find((one) => one && one.train.count === (trainCount ?? one.train.count));
    if (!found) throw missing(name);
    return found;
  }

  private async fromFiles(name: string, files: readonly File[]): Promise<AnyDataset> {
    const key = files.map((file) => [file.name, file.size, file.lastModified].join()).join();
    const found = this.chosen.get(name);
    if (found?.key === key) return found.dataset;
    const dataset = await datasetFromFiles(name, files);
    this.chosen.set(name, { key, dataset });
    return dataset;
  }

  private async loadDigits(): Promise<AnyDataset> {
    if (!this.digits) {
      const files = await Promise.all(DIGITS.map((file) => fetchFile(new URL(`digits/${file}-ubyte.gz`, this.base))));
      this.digits = await datasetFromFiles(MNIST.name, files);
    }
    return this.digits;
  }
}

function missing(name: string): MissingFilesError {
  return new MissingFilesError(`${name}: expected its files, got none: choose them under Data`);
}
