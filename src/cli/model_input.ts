// The model that a command is given: a checkpoint, a run folder, a bundle, a state dict or an ONNX file, told apart by content.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../device/index.js';
import { readWholeFile } from '../host/whole_file.node.js';
import { isOnnx, type ModelFile, type ModelSettings, parseModelFile, parseOnnx } from '../train/index.node.js';
import { addImageSizeOption } from './data/data_options.js';
import { choice } from './options.js';

/** What a state dict does not say; for other files it overrides what they say. */
export interface ModelFlags {
  readonly model?: string;
  readonly dataSet?: string;
  readonly imageSize?: number;
  readonly convBias?: boolean;
  readonly compat?: 'original';
}

/** Declares the argument and the flags. */
export function addModelInput(command: Command): Command {
  return addImageSizeOption(command)
    .argument('<file>', 'checkpoint, run folder (its best checkpoint), bundle, state dict or ONNX file')
    .option('--model <name>', 'network of a plain state dict; other files know theirs')
    .option('--data-set <name>', 'data set of a plain state dict; other files know theirs')
    .option('--conv-bias', 'the network has biases before BatchNorm')
    .addOption(
      choice('--compat <program>', 'a state dict of the original program: 100 outputs, --conv-bias', ['original']),
    );
}

/** @throws InputError if the file cannot be read, or neither it nor the flags say what network it holds. */
export async function readModel(
  path: string,
  flags: ModelFlags,
): Promise<ModelFile & { readonly settings: ModelSettings }> {
  const file = await readModelFile(path);
  const { compat, convBias = compat && true, imageSize } = flags;
  const size = { height: imageSize, width: imageSize };
  const flagged = Object.entries({ model: flags.model, dataSet: flags.dataSet, ...size, convBias, compat });
  const given = Object.fromEntries(flagged.filter(([, value]) => value !== undefined));
  const settings: Partial<ModelSettings> = { ...file.settings, ...given };
  const { model, dataSet } = settings;
  if (model === undefined || dataSet === undefined) {
    throw new InputError(
      `${file.where}: a plain ${file.kind} does not say what it is; expected --model NAME and --data-set NAME`,
    );
  }
  return { ...file, settings: { ...settings, model, dataSet } };
}

/** @param path of the file, or of a run folder, which means its best checkpoint. */
export async function readModelFile(path: string, flag = ''): Promise<ModelFile> {
  try {
    const file = statSync(path).isDirectory() ? bestCheckpoint(path, flag) : path;
    const bytes = readWholeFile(file);
    return isOnnx(bytes) ? parseOnnx(bytes, file) : parseModelFile(bytes, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const expected = 'a checkpoint, run folder, bundle, state dict or ONNX file that can be read';
    throw new InputError(`${flag}${path}: expected ${expected}, got ${(error as Error).message}`);
  }
}

/** @throws InputError if the folder has none, naming the last one where there is that. */
function bestCheckpoint(folder: string, flag: string): string {
  const [best, last] = ['best', 'last'].map((which) => join(folder, `checkpoint-${which}.safetensors`));
  if (existsSync(best)) return best;
  const got = existsSync(last) ? `a run without an evaluated epoch; its last state is in ${last}` : 'none';
  throw new InputError(`${flag}${folder}: expected checkpoint-best.safetensors in it, got ${got}`);
}
