// Files of JSON lines, believed line by line: whoever reads one gets objects with the numbers that it needs, or one line that says which line of
// the file is damaged.

import { existsSync, readFileSync } from 'node:fs';
import { PlanError } from './plan.mjs';

/**
 * The objects of a file, none if there is no file.
 * @param numbers by `type` of a line, paths of what must be numbers: { save: ['step'], start: ['weights.active'] }. `null` is what JSON makes
 *   of those that are not finite.
 * @param mayBeCut whether the last line may be half of one, which then is left out: a process that appends to the file may have been killed.
 * @throws PlanError naming file and line.
 */
export function readLines(path, numbers, { mayBeCut = false } = {}) {
  const lines = textOf(path).split('\n');
  const last = lines.pop();
  if (last !== '' && !(mayBeCut && parseLine(last) === undefined)) lines.push(last);
  return lines.map((text, i) => {
    const line = parseLine(text);
    const lacking = lackOf(line, numbers);
    if (lacking === undefined) return line;
    const got = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
    throw new PlanError(`${path}: line ${i + 1}: expected ${lacking}, got ${got}`);
  });
}

export function parseLine(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf(path) {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    throw new PlanError(`${path}: expected a file that can be read, got ${error.message}`);
  }
}

/** What a line should be and is not. */
function lackOf(line, numbers) {
  if (typeof line?.type !== 'string') return 'a JSON object with a type';
  const lacking = (numbers[line.type] ?? []).find((path) => !isNumber(valueAt(line, path)));
  return lacking === undefined ? undefined : `a number as ${lacking} of a ${line.type} line`;
}

function valueAt(line, path) {
  return path.split('.').reduce((value, key) => value?.[key], line);
}

function isNumber(value) {
  return typeof value === 'number' || value === null;
}
