// The model of a file on the test images: what `eval` says of it, and a training that chose it on other images.

import { type AnyDataset, limitSplit, openImages } from '../data/index.js';
import type { Device } from '../device/index.js';
import {
  completeSettings,
  evaluate,
  formatSummary,
  loadModel,
  type ModelFile,
  type ModelSettings,
  type Summary,
} from '../train/index.js';

export interface TestOptions {
  /** Images at once. */
  readonly batchSize: number;
  /** Only the first ones, if given. */
  readonly limitTest?: number;
}

/** In f32, whatever the precision of its training. @returns also the table of its layers. @throws InputError if the file does not hold its network. */
export async function testModel(
  device: Device,
  file: ModelFile & { readonly settings: ModelSettings },
  dataset: AnyDataset,
  { batchSize, limitTest }: TestOptions,
): Promise<{ summary: Summary; layers: string }> {
  const model = loadModel(device, file, completeSettings(file.settings, dataset));
  const images = openImages(device, limitSplit(dataset.test, limitTest), dataset, batchSize);
  const summary = await evaluate(device, model, images, batchSize);
  const layers = formatSummary(model, dataset);
  images.dispose();
  model.dispose();
  return { summary, layers };
}
