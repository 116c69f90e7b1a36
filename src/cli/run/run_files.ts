// The files of a run folder, with one line for whoever finds that they cannot be read or written.

import { appendFileSync } from 'node:fs';
import { InputError } from '../../device/index.js';
import { readWholeFile } from '../../host/whole_file.node.js';

export function readBytes(path: string): Buffer {
  return attempt(`${path}: expected a file that can be read`, () => readWholeFile(path));
}

export function readText(path: string): string {
  return attempt(`${path}: expected a file that can be read`, () => readWholeFile(path).toString());
}

/** Adds a line of JSON to a log. */
export function appendLine(path: string, value: object): void {
  attempt(`${path}: expected a file that can be written`, () => appendFileSync(path, `${JSON.stringify(value)}\n`));
}

/** @throws InputError with the reason of a failure behind what was expected. */
export function attempt<T>(expectation: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new InputError(`${expectation}, got ${(error as Error).message}`);
  }
}
