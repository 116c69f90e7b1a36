// shuffleblock export: a trained model as a file for other programs.

import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { datasetInfo } from '../data/index.node.js';
import type { AdapterChoice, Device } from '../device/index.js';
import { InputError } from '../device/index.js';
import { writeFileAtomically } from '../host/atomic_write.node.js';
import type { Module } from '../nn/index.js';
import {
  type CompleteSettings,
  completeSettings,
  encodeBundle,
  encodeOnnx,
  encodeSafetensors,
  loadModel,
  onnxModel,
  readDenseState,
  readState,
  sparsityOf,
} from '../train/index.node.js';
import { addModelInput, type ModelFlags, readModel } from './model_input.js';
import { addAdapterOption, choice, openCommandDevice } from './options.js';

interface ExportFlags extends ModelFlags {
  readonly format: keyof typeof FORMATS;
  readonly out: string;
  readonly half?: boolean;
  readonly adapter: AdapterChoice;
}

type Encode = (model: Module, settings: CompleteSettings, flags: ExportFlags) => Promise<Uint8Array>;

const FORMATS = {
  // PyTorch's loaders look for this key.
  'state-dict': async (model) => encodeSafetensors(await readDenseState(model), { format: 'pt' }),
  onnx: async (model, settings) => encodeOnnx(await onnxModel(model, settings)),
  bundle: async (model, settings, { half }) => encodeBundle(await readState(model), settings, { half }),
} as const satisfies Record<string, Encode>;

export function addExportCommand(root: Command): void {
  const command = addModelInput(root.command('export'))
    .description('Writes a trained model for other programs.')
    .addOption(
      choice(
        '--format <name>',
        'state-dict: dense, for PyTorch; onnx: opset 17; bundle: sparse, for inference',
        Object.keys(FORMATS),
      ).makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'the file to write')
    .option('--half', 'bundle: weights as f16');
  addAdapterOption(command).action(exportCommand);
}

async function exportCommand(path: string, flags: ExportFlags): Promise<void> {
  if (flags.half && flags.format !== 'bundle')
    throw new InputError(`--half: expected --format bundle, got ${flags.format}`);
  const file = await readModel(path, flags);
  checkOut(flags.out, file.where);
  const settings = completeSettings(file.settings, datasetInfo(file.settings.dataSet));
  const device: Device = await openCommandDevice(flags.adapter);
  try {
    const model = loadModel(device, file, settings);
    const bytes = await FORMATS[flags.format](model, settings, flags);
    await writeFileAtomically(flags.out, bytes);
    const sparsity = sparsityOf(model).toFixed(4);
    console.log(`${flags.out}: ${flags.format} of ${settings.model}, sparsity ${sparsity}, ${bytes.length} bytes`);
    model.dispose();
  } finally {
    device.destroy();
  }
}

/** @throws InputError if an export would replace the model that it is made from, or a checkpoint of any run. */
function checkOut(out: string, source: string): void {
  const isCheckpoint = /^checkpoint-(last|best)\.safetensors$/.test(basename(out));
  const isOfRun = isCheckpoint && existsSync(join(dirname(out), 'config.json'));
  if (!isOfRun && !(existsSync(out) && realpathSync(out) === realpathSync(source))) return;
  const got = isOfRun ? 'the checkpoint of a run' : 'the file that is to be exported';
  throw new InputError(`--out ${out}: expected a file of its own, got ${got}`);
}
