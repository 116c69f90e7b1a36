// --layer 'PATTERN:density=0.5,block_size=8,method=dense': a rule for the layers whose names match.

import { InputError } from '../../device/index.js';
import { METHOD_NAMES, type MethodName, type RunConfig } from '../../train/index.js';
import { number } from '../options.js';

type LayerRule = RunConfig['layers'][number];

const EXPECTED =
  "PATTERN:KEY=VALUE,... with the keys density or sparsity, block_size, method, such as 'layer1.*:density=0.5'";

/** Each use of the flag adds a rule. @throws InputError on anything else. */
export function addLayerRule(text: string, rules: readonly LayerRule[] = []): LayerRule[] {
  const colon = text.lastIndexOf(':');
  const settings = text.slice(colon + 1).split(',');
  if (colon < 1 || settings.some((setting) => !/^\s*\w[\w-]*=\S+\s*$/.test(setting))) {
    throw new InputError(`--layer: expected ${EXPECTED}, got '${text}'`);
  }
  const rule: LayerRule = { pattern: text.slice(0, colon) };
  for (const setting of settings) {
    const [key, value] = setting.trim().split('=');
    Object.assign(rule, settingOf(key.replaceAll('-', '_'), value, text));
  }
  return [...rules, rule];
}

function settingOf(key: string, value: string, text: string): Omit<LayerRule, 'pattern'> {
  const parse = number(`--layer '${text}': ${key}`);
  switch (key) {
    case 'density':
      return { density: parse(value) };
    case 'sparsity':
      return { density: 1 - parse(value) };
    case 'block_size':
      return { blockSize: parse(value) };
    case 'method':
      if (!METHOD_NAMES.includes(value as MethodName)) {
        throw new InputError(`--layer '${text}': expected method ${METHOD_NAMES.join(' | ')}, got '${value}'`);
      }
      return { method: value as MethodName };
    default:
      throw new InputError(`--layer: expected ${EXPECTED}, got '${text}'`);
  }
}
