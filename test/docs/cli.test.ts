// docs/cli.md lists every command and every flag that the command line has, and none that it has not.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/cli/program.js';

/** Text of each section by its heading: `shuffleblock train`. */
const sections = new Map(
  readFileSync('docs/cli.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string] => {
      const [heading] = section.split('\n', 1);
      return [heading.replaceAll('`', ''), section];
    }),
);

/** Commands that do something, by their full names: those that only hold others are left out. */
function commands(command: Command, prefix = ''): [string, Command][] {
  const name = `${prefix}${command.name()}`;
  const parts = command.commands.flatMap((part) => commands(part, `${name} `));
  return prefix === '' || parts.length === 0 ? [[name, command], ...parts] : parts;
}

/** `--block-size` and the like. */
function flagsOf(command: Command): string[] {
  return command.options.map(({ long }) => long!);
}

/** The flags that rows of a section's tables begin with. */
function documentedFlags(section: string): string[] {
  return [...section.matchAll(/^\| `(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
}

const all = commands(program());

it('has a section for every command, and no other', () => {
  expect(all.length).toBeGreaterThan(5);
  expect([...sections.keys()].sort()).toEqual(all.map(([name]) => name).sort());
});

describe.each(all)('%s', (name, command) => {
  it('has a row for every flag, and no other', () => {
    expect(documentedFlags(sections.get(name) ?? '').sort()).toEqual(flagsOf(command).sort());
  });
});

it.each(all)('%s has rows that say something in every column', (name) => {
  for (const row of (sections.get(name) ?? '').split('\n').filter((line) => line.startsWith('| `--'))) {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    expect(cells.length, row).toBe(3);
    for (const cell of cells) expect(cell.trim(), row).not.toBe('');
  }
});
