// Measured tilings as text, for a file or a browser's storage. Whatever the text holds, only numbers by name come out of it, and an
// operation uses them only if they are among its own tilings (see `TileChoices.offer`).

import { InputError } from '../../device/index.js';
import { show } from '../../host/show.js';
import type { TunedOperation } from './autotune.js';

/** Where the measurements of an adapter are kept. */
export interface TilingsStore {
  /** Nothing if nothing is kept. @throws InputError if what is kept is damaged. */
  load(adapter: string): Promise<TunedOperation[]>;
  save(adapter: string, operations: readonly TunedOperation[]): Promise<void>;
}

/** `known` with what was measured since in place of the same operations. */
export function mergeTilings(known: readonly TunedOperation[], measured: readonly TunedOperation[]): TunedOperation[] {
  const all = new Map([...known, ...measured].map((operation) => [operation.key, operation]));
  return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export function encodeTilings(adapter: string, operations: readonly TunedOperation[]): string {
  const lines = operations.map((operation) => `    ${JSON.stringify(operation)}`);
  return `{\n  "adapter": ${JSON.stringify(adapter)},\n  "operations": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** @throws InputError if it is not such a text. */
export function parseTilings(text: string, where: string): TunedOperation[] {
  const fail = (expected: string, got: unknown): never => {
    throw new InputError(`${where}: expected ${expected}, got ${show(got)}`);
  };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return fail('measured tilings as JSON', text);
  }
  const { operations } = isObject(content) ? content : {};
  if (!Array.isArray(operations)) return fail('a list of operations', operations);
  return operations.map((operation: unknown) => {
    if (!isObject(operation)) return fail('an operation', operation);
    const { key, tiles, ms, usualMs } = operation;
    if (typeof key !== 'string') return fail('the key of an operation', key);
    if (!isObject(tiles) || !Object.values(tiles).every(isNumber))
      return fail(`numbers as tiles of ${show(key)}`, tiles);
    if (!isNumber(ms) || !isNumber(usualMs)) return fail(`milliseconds of ${show(key)}`, [ms, usualMs]);
    return { key, tiles: tiles as Record<string, number>, ms, usualMs };
  });
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
