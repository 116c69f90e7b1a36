// The battery's report for people: battery.md, written beside battery.json.

import { formatDuration } from '../progress.js';
import type { BatteryPart, BatteryRecord } from './battery.js';

/** @param parts those of the record and any that are still to come, in order. */
export function batterySummary(record: BatteryRecord, parts: readonly BatteryPart[]): string {
  const rows = parts.map(({ name, title }) => {
    const own = record.parts.find((part) => part.name === name);
    if (!own) return [title, 'not reached', '', ''];
    return [title, own.state, own.state === 'not run' ? '' : formatDuration(own.seconds), own.note];
  });
  const sections = parts.flatMap((part) => {
    const own = record.parts.find(({ name }) => name === part.name);
    if (!own || own.state === 'not run') return [];
    const error = own.error === undefined ? [] : [codeBlock(own.error)];
    return [[`## ${part.title}`, ...error, part.details()].filter((text) => text !== '').join('\n\n')];
  });
  const outcome = record.finished ? '' : ' The run goes on, or was cut off where a part is `running`.';
  return `${[
    '# shuffleblock battery',
    codeBlock(record.command),
    `Started ${record.startedAt}, ${record.minutes} minutes allowed.${outcome}`,
    table(['part', 'result', 'time', ''], rows),
    ...sections,
  ].join('\n\n')}\n`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Fenced by more backquotes than the text has in a row. */
export function codeBlock(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
