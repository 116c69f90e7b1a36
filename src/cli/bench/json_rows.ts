// `--json FILE` of the benchmarks: an array of rows, saved whenever there are more, so that an interrupted run leaves what it measured.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';

export function addJsonOption(command: Command): Command {
  return command.option('--json <file>', 'also write all rows to a file, as they come');
}

/** @throws InputError, before hours of measuring, where nothing could be written. */
export function checkJsonPath(path: string | undefined): void {
  if (path === undefined) return;
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
  } catch (error) {
    throw new InputError(
      `--json ${path}: expected a file in a folder that can be written, got ${(error as Error).message}`,
    );
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InputError(`--json ${path}: expected a file, got a folder`);
  }
}

/** Replaces the file by these rows; does nothing without a path. */
export async function saveJson(path: string | undefined, rows: readonly object[]): Promise<void> {
  if (path !== undefined) await writeFileAtomically(path, `${JSON.stringify(rows, null, 2)}\n`);
}
