// Networks by name. Names are case-insensitive, and hyphens may be left out: `ResNet18`, `VGGd`; but not between the two numbers of
// a wide residual network.

import { InputError } from '../device/index.js';
import type { LayerContext, Module } from '../nn/index.js';
import { allOrNothing } from '../tensor/index.js';
import { AlexNet } from './alexnet.js';
import { LeNet5 } from './lenet.js';
import { Mlp } from './mlp.js';
import { ResNet } from './resnet.js';
import { Vgg } from './vgg.js';
import { WideResNet } from './wide_resnet.js';

/** Kernel of a ResNet's first convolution. */
const STEMS = ['3x3', '7x7'] as const;
export type Stem = (typeof STEMS)[number];

export interface ModelOptions {
  /** Of the input images. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Biases of convolutions that a BatchNorm follows: none by default, as it would undo them. */
  readonly convBias?: boolean;
  /** Dropout probability of networks that have it (wide residual ones); the network's own by default. */
  readonly dropout?: number;
  /**
   * Residual branches of a ResNet begin at zero, by the weight of their last BatchNorm (Goyal et al. 2017, section 5.1), so that each
   * block begins as its shortcut. Default false, as torchvision's.
   */
  readonly zeroInitResidual?: boolean;
  /** First convolution of a ResNet: 3x3 by default, as the original program has it; 7x7 with stride 2 is usual for ImageNet. */
  readonly stem?: Stem;
}

/** Makes a network whose input is [channels,height,width,N] and whose output is [classes,N]. */
export type ModelBuilder = (context: LayerContext, options: ModelOptions) => Module;

const models: Readonly<Record<string, ModelBuilder>> = {
  lenet5: (context, options) => new LeNet5(context, options),
  'lenet300-100': (context, options) => new Mlp(context, [300, 100], options),
  'mlp-cifar10': (context, options) => new Mlp(context, [1024, 512], options),
  'alexnet-s': (context, options) => new AlexNet(context, 1024, options),
  'alexnet-b': (context, options) => new AlexNet(context, 2048, options),
  'vgg-c': (context, options) => new Vgg(context, 'c', options),
  'vgg-d': (context, options) => new Vgg(context, 'd', options),
  'vgg-like': (context, options) => new Vgg(context, 'like', options),
  'ResNet-18': (context, options) => new ResNet(context, 18, options),
  'ResNet-34': (context, options) => new ResNet(context, 34, options),
  'ResNet-50': (context, options) => new ResNet(context, 50, options),
};

/** Of wide residual networks: ten times what has been trained (He et al. 2016, 1001 layers). */
const DEEPEST = 10_000;

const WIDE = /^(?:wrn|wideresnet)-?(\d+)-(\d+)$/i;

/** Names for messages and help. */
export const MODEL_NAMES: readonly string[] = [...Object.keys(models), 'wrn-D-W (D = 6n+4, for example wrn-22-2)'];

const registered = new Map<string, ModelBuilder>();

/**
 * Makes a network of the caller's own known by name, so that configurations, checkpoints and bundles can name it.
 * Property names become those of the state dict. @throws if the name is taken.
 */
export function registerModel(name: string, build: ModelBuilder): void {
  if (isTaken(name)) throw new Error(`registerModel: expected a new name, got '${name}', which is taken`);
  registered.set(name, build);
}

function isTaken(name: string): boolean {
  const names = [...Object.keys(models), ...registered.keys()];
  return WIDE.test(name) || names.some((known) => plain(known) === plain(name));
}

/**
 * @param name see `MODEL_NAMES`, or registered.
 * @throws InputError on an unknown name, listing the known ones, and on impossible options. Nothing is left over then.
 */
export function createModel(name: string, context: LayerContext, options: ModelOptions): Module {
  const { dropout, stem = '3x3' } = options;
  if (dropout !== undefined && !(dropout >= 0 && dropout < 1)) {
    throw new InputError(`dropout: expected a probability in [0, 1), got ${dropout}`);
  }
  if (!STEMS.includes(stem)) throw new InputError(`stem: expected one of ${STEMS.join(', ')}; got '${stem}'`);
  const build = buildOf(name);
  return allOrNothing(() => build(context, options));
}

/** Throws unless `createModel` knows the name. */
export function checkModelName(name: string): void {
  buildOf(name);
}

function buildOf(name: string): ModelBuilder {
  const wide = WIDE.exec(name);
  if (wide) return wideResNet(name, Number(wide[1]), Number(wide[2]));
  const found = [...Object.entries(models), ...registered].find(([known]) => plain(known) === plain(name));
  if (!found) {
    throw new InputError(`model: expected one of ${[...MODEL_NAMES, ...registered.keys()].join(', ')}; got '${name}'`);
  }
  return found[1];
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('-', '');
}

function wideResNet(name: string, depth: number, width: number): ModelBuilder {
  if (depth < 10 || depth > DEEPEST || (depth - 4) % 6 !== 0 || width < 1) {
    throw new InputError(
      `model ${name}: expected wrn-D-W with D = 10, 16, 22, 28, ..., at most ${DEEPEST}, and W at least 1`,
    );
  }
  return (context, options) => new WideResNet(context, depth, width, options);
}
