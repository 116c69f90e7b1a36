// How a value of a configuration is refused: its name in words, what was expected, what it is.

import { InputError } from '../../device/index.js';

/** @throws InputError unless `value` is a positive whole number. */
export function positive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) fail(spaced(name), 'a positive whole number', value);
}

/** batchSize -> batch size. */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export function fail(name: string, expected: string, got: number | string): never {
  throw new InputError(`${name}: expected ${expected}, got ${got}`);
}
