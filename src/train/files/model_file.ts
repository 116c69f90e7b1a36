// Files that hold a model, told apart by their content: our checkpoints and bundles, and state dicts with PyTorch's names.

import { type Device, InputError } from '../../device/index.js';
import { createModel, type ModelOptions } from '../../models/index.js';
import { type Module, nonstructured } from '../../nn/index.js';
import { Random } from '../../tensor/index.js';
import { type ModelSettings, SIZES, settingsOf } from '../config/model_settings.js';
import { BUNDLE_FORMAT, isBundle, unpackBundle } from './bundle.js';
import { CHECKPOINT_FORMAT, evaluatedState, isCheckpoint, parseCheckpoint } from './checkpoint.js';
import { parseSafetensors } from './safetensors_reader.js';
import { budgetOf, loadState, type NamedTensors } from './state_dict.js';

export interface ModelFile {
  readonly kind: 'checkpoint' | 'bundle' | 'state dict' | 'onnx';
  /** For `loadState`; of a run with averaged weights, those. */
  readonly tensors: NamedTensors;
  /** None in a state dict, which does not say what it is. */
  readonly settings?: ModelSettings;
  /** The file's name, for messages. */
  readonly where: string;
}

/**
 * Reads a checkpoint, a bundle or a state dict.
 * @param content of the file: what `readFile` or `fetchFile` give, or an ArrayBuffer.
 * @param where the file's name, for messages.
 * @throws InputError on anything else, saying what it is where that is known.
 */
export function parseModelFile(content: Uint8Array | ArrayBuffer, where: string): ModelFile {
  const bytes = content instanceof ArrayBuffer ? new Uint8Array(content) : content;
  refusePickle(bytes, where);
  const file = parseSafetensors(bytes, where);
  if (isBundle(file.metadata)) return { kind: 'bundle', ...unpackBundle(file, where), where };
  if (isCheckpoint(file.metadata)) {
    const checkpoint = parseCheckpoint(bytes, where);
    const { config, network } = checkpoint;
    return {
      kind: 'checkpoint',
      tensors: evaluatedState(checkpoint),
      settings: { ...settingsOf(config), ...network },
      where,
    };
  }
  refuseOtherVersion(file.metadata.format, where);
  return { kind: 'state dict', tensors: plainNames(file.tensors), where };
}

/**
 * The network of a file, on the GPU. Masks of any pattern load as masks: nothing is gained here by putting them in blocks.
 * @param settings default: those of the file. A bundle's say everything; a checkpoint's are to be completed by its data set (`completeSettings`), and
 *   a state dict has none.
 * @throws InputError if the tensors are not those of that network, or something is not said.
 */
export function loadModel(
  device: Device,
  { tensors, where, kind, settings: own }: ModelFile,
  settings: Partial<ModelSettings & ModelOptions> = own ?? {},
): Module {
  if (!isComplete(settings)) {
    const lacking = ['model', ...SIZES].filter((name) => settings[name as keyof ModelOptions] === undefined);
    throw new InputError(`${where}: a ${kind} does not say everything; expected settings with ${lacking.join(', ')}`);
  }
  const context = { device, random: new Random(0), budget: budgetOf(tensors, where) };
  const model = createModel(settings.model, context, settings);
  try {
    loadState(device, model, tensors, { form: nonstructured, where });
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

function isComplete(settings: Partial<ModelSettings & ModelOptions>): settings is ModelSettings & ModelOptions {
  return ['model', ...SIZES].every((name) => settings[name as keyof ModelOptions] !== undefined);
}

/** What `torch.save` writes: a zip archive, or in old versions a bare pickle. Reading either means running code in it. */
function refusePickle(bytes: Uint8Array, where: string): void {
  const startsWith = (...signature: number[]) => signature.every((byte, i) => bytes[i] === byte);
  if (!startsWith(0x50, 0x4b, 0x03, 0x04) && !(startsWith(0x80) && bytes[1] <= 5)) return;
  const convert =
    "import torch, safetensors.torch as s; s.save_file(torch.load('IN.pth', map_location='cpu'), 'OUT.safetensors')";
  throw new InputError(
    `${where}: expected safetensors, got a pickle of PyTorch's; convert its state dict: python -c "${convert}"`,
  );
}

function refuseOtherVersion(format: string | undefined, where: string): void {
  if (!format?.startsWith('shuffleblock-')) return;
  throw new InputError(
    `${where}: expected ${CHECKPOINT_FORMAT} or ${BUNDLE_FORMAT}, got ${format}, of another version`,
  );
}

/** Without what wrappers of PyTorch's add: `module.` before all names (DataParallel), `_orig` behind pruned weights. */
function plainNames(tensors: NamedTensors): NamedTensors {
  const names = [...tensors.keys()];
  const prefix = names.every((name) => name.startsWith('module.')) ? 'module.' : '';
  const plain = (name: string) => {
    const isPruned = name.endsWith('_orig') && tensors.has(name.replace(/_orig$/, '_mask'));
    return name.slice(prefix.length, isPruned ? -'_orig'.length : undefined);
  };
  return new Map([...tensors].map(([name, tensor]) => [plain(name), tensor]));
}
