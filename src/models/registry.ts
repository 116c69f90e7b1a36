// Networks by name. Names are case-insensitive, and hyphens may be left out where no number follows: `LeNet5`, `lenet300100`.

import { InputError } from '../device/index.js';
import type { LayerContext, Module } from '../nn/index.js';
import { LeNet5, LeNet300100 } from './lenet.js';
import { WideResNet } from './wide_resnet.js';

export interface ModelOptions {
  /** Of the input images. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Biases of convolutions that a BatchNorm follows: none by default, as it would undo them. */
  readonly convBias?: boolean;
  /** Dropout probability; the network's own by default. */
  readonly dropout?: number;
}

type Build = (context: LayerContext, options: ModelOptions) => Module;

const models: Readonly<Record<string, Build>> = {
  lenet5: (context, options) => new LeNet5(context, options),
  'lenet300-100': (context, options) => new LeNet300100(context, options),
};

/** Names for messages and help. */
export const MODEL_NAMES: readonly string[] = [...Object.keys(models), 'wrn-D-W (D = 6n+4, for example wrn-22-2)'];

/**
 * @param name see `MODEL_NAMES`.
 * @throws InputError on an unknown name, listing the known ones, and on impossible options.
 */
export function createModel(name: string, context: LayerContext, options: ModelOptions): Module {
  const { dropout } = options;
  if (dropout !== undefined && !(dropout >= 0 && dropout < 1)) {
    throw new InputError(`dropout: expected a probability in [0, 1), got ${dropout}`);
  }
  return buildOf(name)(context, options);
}

/** Throws unless `createModel` knows the name. */
export function checkModelName(name: string): void {
  buildOf(name);
}

function buildOf(name: string): Build {
  const wanted = name.toLowerCase();
  const wide = /^(?:wrn|wideresnet)-(\d+)-(\d+)$/.exec(wanted);
  if (wide) return wideResNet(name, Number(wide[1]), Number(wide[2]));
  const found = Object.entries(models).find(([known]) => plain(known) === plain(wanted));
  if (!found) throw new InputError(`model: expected one of ${MODEL_NAMES.join(', ')}; got '${name}'`);
  return found[1];
}

function plain(name: string): string {
  return name.replaceAll('-', '');
}

function wideResNet(name: string, depth: number, width: number): Build {
  if (depth < 10 || (depth - 4) % 6 !== 0 || width < 1) {
    throw new InputError(`model ${name}: expected wrn-D-W with D = 10, 16, 22, 28, ... and W at least 1`);
  }
  return (context, options) => new WideResNet(context, depth, width, options);
}
