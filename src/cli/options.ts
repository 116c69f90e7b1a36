// How flags are declared and read: the same checks and messages for every command.

import { type Command, Option } from 'commander';
import { ADAPTER_CHOICES, type AdapterChoice, type Device, InputError, openDevice } from '../device/index.js';
import { hasMatrixUnits } from '../shaders/index.js';
import type { ActivationType } from '../tensor/index.js';

/** The original program's spelling, `--data_set`, becomes ours, `--data-set`. Only names of flags, never values. */
export function kebabFlags(args: readonly string[]): string[] {
  return args.map((arg) => {
    if (!/^--\w/.test(arg)) return arg;
    const [name, ...value] = arg.split('=');
    return [name.replaceAll('_', '-'), ...value].join('=');
  });
}

/** A parser of numbers for the flag `name`. */
export function number(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InputError(`${name}: expected a number, got '${text}'`);
    return value;
  };
}

/** A parser of numbers separated by commas, at least one. */
export function numbers(name: string): (text: string) => number[] {
  return (text) => {
    const values = list(text).map(number(name));
    if (values.length === 0) throw new InputError(`${name}: expected numbers separated by commas, got '${text}'`);
    return values;
  };
}

export function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

export function choice(flag: string, description: string, values: readonly string[]): Option {
  return new Option(flag, description).choices([...values]);
}

export function addAdapterOption(command: Command): Command {
  return command.addOption(choice('--adapter <kind>', 'auto prefers a GPU', ADAPTER_CHOICES).default('auto'));
}

/**
 * Under Vulkan, Dawn withholds `shader-f16` from NVIDIA's GPUs unless it is started with this (seen in the names that the binary of webgpu
 * 0.6.2 holds). To be deleted once it offers f16 there by itself.
 */
export const F16_TOGGLES = { enable: ['vulkan_enable_f16_on_nvidia'] };

export type MatrixUnitsFlag = 'auto' | 'on' | 'off';

export const matrixUnitsOption = () =>
  choice('--matrix-units <when>', 'multiply f16 matrices by the matrix units of the adapter; auto does so on GPUs', [
    'auto',
    'on',
    'off',
  ]).default('auto');

/**
 * Opens the device of a command; warnings go to stderr. @param precision that the command asks for.
 * @throws InputError if matrix units are to be `on`, and the adapter has none.
 */
export async function openCommandDevice(
  adapter: AdapterChoice,
  precision: ActivationType = 'f32',
  matrixUnits: MatrixUnitsFlag = 'auto',
): Promise<Device> {
  const device = await openDevice({
    adapter,
    dawnToggles: precision === 'f16' ? F16_TOGGLES : undefined,
    ...(matrixUnits === 'auto' ? {} : { matrixUnits: matrixUnits === 'on' }),
    warn: (message) => console.error(message),
  });
  if (matrixUnits !== 'on' || hasMatrixUnits(device)) return device;
  const { description } = device.info;
  device.destroy();
  throw new InputError(`--matrix-units: expected auto or off on an adapter without them, got on (${description})`);
}
