// The model that a command is given: a checkpoint, a run folder, a bundle, a state dict or an ONNX file, told apart by content.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../device/index.js';
import { isOnnx, type ModelFile, type ModelSettings, parseModelFile, parseOnnx } from '../train/index.node.js';

/** What a state dict does not say; for other files it overrides what they say. */
export interface ModelFlags {
  readonly model?: string;
  readonly dataSet?: string;
  readonly convBias?: boolean;
}

/** @throws InputError if the file cannot be read, or neither it nor the flags say what network it holds. */
export async function readModel(
  path: string,
  flags: ModelFlags,
): Promise<ModelFile & { readonly settings: ModelSettings }> {
  const file = await readModelFile(path);
  const given = Object.fromEntries(
    Object.entries({ model: flags.model, dataSet: flags.dataSet, convBias: flags.convBias }).filter(
      ([, value]) => value !== undefined,
    ),
  );
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
    const file = (await stat(path)).isDirectory() ? join(path, 'checkpoint-best.safetensors') : path;
    const bytes = await readFile(file);
    return isOnnx(bytes) ? parseOnnx(bytes, file) : parseModelFile(bytes, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const expected = 'a checkpoint, run folder, bundle, state dict or ONNX file that can be read';
    throw new InputError(`${flag}${path}: expected ${expected}, got ${(error as Error).message}`);
  }
}
