// What must be known beside the tensors to build a network and to prepare images for it.

import type { DatasetInfo } from '../../data/index.js';
import { InputError } from '../../device/index.js';
import { show } from '../../host/show.js';
import type { ModelOptions } from '../../models/index.js';
import { outputClasses } from './original.js';
import type { RunConfig } from './run_config.js';

/** The network's name and options. What is left out follows from the data set; a bundle leaves nothing out. */
export interface ModelSettings extends Partial<ModelOptions> {
  readonly model: string;
  readonly dataSet: string;
  /** Of a run that did as the original program does: its network has other outputs. */
  readonly compat?: 'original';
  /** Of each channel, for pixels in [0, 1]: images are normalised by them. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Of a run: what its checkpoints say of their network. */
export function settingsOf({ model, dataSet, convBias, compat }: RunConfig): ModelSettings {
  return { model, dataSet, convBias, compat };
}

/** Settings that leave nothing out: for a program that has nothing but the file. */
export type CompleteSettings = ModelSettings & ModelOptions & Required<Pick<ModelSettings, 'mean' | 'std'>>;

export function completeSettings(settings: ModelSettings, info: DatasetInfo): CompleteSettings {
  const { channels, height, width, mean, std } = info;
  const classes = outputClasses(settings, info.classes);
  return { classes, channels, height, width, mean, std, ...settings };
}

/** What a network cannot be built without. */
export const SIZES = ['classes', 'channels', 'height', 'width'] as const;
const LARGEST_SIZE = 65535;
/** Of what may be left out. */
const OPTION_TYPES = {
  compat: 'string',
  convBias: 'boolean',
  dropout: 'number',
  zeroInitResidual: 'boolean',
  stem: 'string',
} as const;

/** @throws InputError unless the text is that of complete settings, of the right types, with sizes that a network can have. */
export function parseSettings(text: string | undefined, where: string): CompleteSettings {
  let settings: Partial<CompleteSettings> | null = null;
  try {
    settings = JSON.parse(text ?? '');
  } catch {
    // Told below, like everything else that is not settings.
  }
  if (typeof settings?.model !== 'string' || typeof settings.dataSet !== 'string') {
    const got = text ? 'something else' : 'none';
    throw new InputError(`${where}: expected settings with model and data set in its metadata, got ${got}`);
  }
  for (const name of SIZES) {
    const size = settings[name] as number;
    if (Number.isInteger(size) && size >= 1 && size <= LARGEST_SIZE) continue;
    throw new InputError(`${where}: expected ${name} from 1 to ${LARGEST_SIZE} in its settings, got ${show(size)}`);
  }
  for (const name of ['mean', 'std'] as const) {
    const values = settings[name];
    if (Array.isArray(values) && values.length === settings.channels && values.every(Number.isFinite)) continue;
    throw new InputError(
      `${where}: expected ${name} with a number for each channel in its settings, got ${show(values)}`,
    );
  }
  for (const [name, type] of Object.entries(OPTION_TYPES)) {
    const option = settings[name as keyof typeof OPTION_TYPES];
    if (option === undefined || typeof option === type) continue;
    throw new InputError(`${where}: expected ${name} a ${type} in its settings, got ${show(option)}`);
  }
  return settings as CompleteSettings;
}
