// shuffleblock eval: loss and accuracy of a checkpoint, or of a state dict, on the test images.

import { readFile } from 'node:fs/promises';
import { limitSplit, loadDataset, ResidentImages } from '../data/index.node.js';
import { InputError } from '../device/index.js';
import { createModel } from '../models/index.js';
import { nonstructured } from '../nn/index.js';
import { Random } from '../tensor/index.js';
import { evaluate, formatSummary, isCheckpoint, loadState, parseCheckpoint, parseSafetensors } from '../train/index.js';
import { type AdapterFlag, openCommandDevice } from './options.js';
import { percent } from './train_command.js';

export interface EvalFlags {
  readonly model?: string;
  readonly dataSet?: string;
  readonly dataDir?: string;
  readonly batchSize?: number;
  readonly limitTest?: number;
  readonly convBias?: boolean;
  readonly json?: boolean;
  readonly adapter: AdapterFlag;
}

export async function evalCommand(path: string, flags: EvalFlags): Promise<void> {
  const bytes = await readFile(path).catch((error) => {
    throw new InputError(`${path}: expected a checkpoint or state dict that can be read, got ${error.message}`);
  });
  const { tensors, settings } = readModelFile(bytes, path, flags);
  const dataset = await loadDataset(settings.dataSet, {
    dir: flags.dataDir,
    parts: ['test'],
    limit: { test: flags.limitTest },
  });
  const device = await openCommandDevice(flags.adapter);
  try {
    const model = createModel(settings.model, { device, random: new Random(0) }, { ...dataset, ...settings });
    // Masks of any pattern can be evaluated; nothing is gained here by putting them in blocks.
    loadState(device, model, tensors, { form: nonstructured, where: path });
    const images = new ResidentImages(device, limitSplit(dataset.test, flags.limitTest), dataset);
    const summary = await evaluate(device, model, images, flags.batchSize ?? 128);
    if (flags.json) {
      console.log(JSON.stringify({ file: path, ...settings, ...summary }));
    } else {
      console.log(`${device.report()}\n\n${formatSummary(model, dataset)}\n`);
      console.log(
        `${path}: loss ${summary.loss.toFixed(4)}, accuracy ${percent(summary.accuracy)}, top-5 ${percent(summary.top5)} ` +
          `on ${summary.count} test images`,
      );
    }
    images.dispose();
    model.dispose();
  } finally {
    device.destroy();
  }
}

/** A checkpoint knows its model and data set; a state dict must be told. */
function readModelFile(bytes: Uint8Array, path: string, flags: EvalFlags) {
  const { metadata, tensors } = parseSafetensors(bytes, path);
  if (isCheckpoint(metadata)) {
    const { config, model } = parseCheckpoint(bytes, path);
    return {
      tensors: model,
      settings: {
        model: flags.model ?? config.model,
        dataSet: flags.dataSet ?? config.dataSet,
        convBias: flags.convBias ?? config.convBias,
      },
    };
  }
  if (!flags.model || !flags.dataSet) {
    throw new InputError(
      `${path}: a plain state dict does not say what it is; expected --model NAME and --data-set NAME`,
    );
  }
  return { tensors, settings: { model: flags.model, dataSet: flags.dataSet, convBias: flags.convBias ?? false } };
}
