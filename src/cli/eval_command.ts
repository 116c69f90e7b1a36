// shuffleblock eval: loss and accuracy of a model, from any file that holds one, on the test images.

import { type DatasetInfo, datasetInfo, FETCHABLE_NAMES } from '../data/index.node.js';
import { type AdapterChoice, InputError } from '../device/index.js';
import type { ModelSettings } from '../train/index.js';
import { type DataFlags, loadData } from './data/data_options.js';
import { type ModelFlags, readModel } from './model_input.js';
import { openCommandDevice } from './options.js';
import { testModel } from './test_model.js';
import { percent } from './train/describe.js';

export interface EvalFlags extends ModelFlags, DataFlags {
  readonly batchSize?: number;
  readonly limitTest?: number;
  readonly json?: boolean;
  readonly adapter: AdapterChoice;
}

export async function evalCommand(path: string, flags: EvalFlags): Promise<void> {
  const file = await readModel(path, flags);
  const { settings, where } = file;
  checkImages(settings, datasetInfo(settings.dataSet), where);
  const imageSize = settings.height;
  const wanted = { parts: ['test'], limit: { test: flags.limitTest } } as const;
  const dataset = await loadData(settings.dataSet, { ...flags, imageSize }, wanted);
  const { classes = dataset.classes } = settings;
  if (classes < dataset.classes) {
    throw new InputError(
      `${where}: expected a model of ${dataset.classes} classes, as ${dataset.source}, got ${classes}`,
    );
  }
  const device = await openCommandDevice(flags.adapter);
  try {
    const { batchSize = 128, limitTest } = flags;
    const { summary, layers } = await testModel(device, file, dataset, { batchSize, limitTest });
    if (flags.json) {
      console.log(JSON.stringify({ file: where, kind: file.kind, ...settings, ...summary }));
    } else {
      console.log(`${device.report()}\n\n${layers}\n`);
      console.log(
        `${where}: loss ${summary.loss.toFixed(4)}, accuracy ${percent(summary.accuracy)}, top-5 ${percent(summary.top5)} ` +
          `on ${summary.count} test images`,
      );
    }
  } finally {
    device.destroy();
  }
}

/** @throws InputError unless the images of the data set are such as the network takes. */
function checkImages(settings: ModelSettings, info: DatasetInfo, where: string): void {
  const { channels = info.channels, height = info.height, width = info.width } = settings;
  // Images of folders are resized, to squares.
  const isResized = !FETCHABLE_NAMES.includes(info.name);
  const [imageHeight, imageWidth] = isResized ? [height, height] : [info.height, info.width];
  if (channels === info.channels && height === imageHeight && width === imageWidth) return;
  const expected = `images [${info.channels},${imageHeight},${imageWidth}], as ${info.name} has`;
  throw new InputError(
    `${where}: expected a network for ${expected}, got one for [${channels},${height},${width}]; see --data-set`,
  );
}
