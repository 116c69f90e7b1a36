// The run folder's files: a log that is cut back to a checkpoint, a lock, a configuration that is checked.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MetricsLog } from '../../src/cli/run/metrics_log.js';
import { RunFolder } from '../../src/cli/run/run_folder.js';
import { lockFolder } from '../../src/cli/run/run_lock.js';
import { SessionLog, type SessionStart } from '../../src/cli/run/session_log.js';
import { InputError } from '../../src/device/index.js';
import { defaultConfig, type MetricsLine, type Position } from '../../src/train/index.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-run-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});

describe('MetricsLog', () => {
  const LINES = [
    '{"type":"step","step":0}',
    '{"type":"topology","step":1}',
    '{"type":"step","step":1}',
    '{"type":"epoch","step":2,"epoch":0}',
    '{"type":"step","step":2}',
  ].map((line) => `${line}\n`);
  const file = () => join(folder, 'metrics.jsonl');

  async function cut(text: string, position: Position): Promise<string> {
    writeFileSync(file(), text);
    await new MetricsLog(file()).cutAfter(position);
    return readFileSync(file(), 'utf8');
  }

  it.each<[Position, number]>([
    [{ step: 0, finishedEpochs: 0 }, 0],
    [{ step: 1, finishedEpochs: 0 }, 1],
    [{ step: 2, finishedEpochs: 0 }, 3],
    [{ step: 2, finishedEpochs: 1 }, 4],
    [{ step: 3, finishedEpochs: 1 }, 5],
  ])('is cut back to %j', async (position, kept) => {
    expect(await cut(LINES.join(''), position)).toBe(LINES.slice(0, kept).join(''));
    expect(await cut(`${LINES.join('')}{"type":"step","st`, position)).toBe(LINES.slice(0, kept).join(''));
    expect(readdirSync(folder)).toEqual(['metrics.jsonl']);
  });

  it('refuses a damaged line that is older than the checkpoint', async () => {
    const damaged = cut(`${LINES[0]}\0\0\n${LINES[2]}`, { step: 2, finishedEpochs: 0 });
    await expect(damaged).rejects.toThrow(InputError);
    await expect(damaged).rejects.toThrow(
      /metrics\.jsonl: line 2: expected a JSON object with type and step \(and epoch\), got "/,
    );
  });

  it.each<[string, string, RegExp]>([
    [
      'no epoch',
      '{"type":"epoch","step":2}',
      /line 4: expected a JSON object with type and step \(and epoch\), got "\{/,
    ],
    [
      'another epoch',
      '{"type":"epoch","step":2,"epoch":7}',
      /line 5: expected no line from before step 3 behind line 4, which is ".*7\}", got ".*"$/,
    ],
  ])('refuses an epoch line with %s, and leaves the others', async (_, line, message) => {
    const text = LINES.with(3, `${line}\n`).join('');
    await expect(cut(text, { step: 3, finishedEpochs: 1 })).rejects.toThrow(InputError);
    await expect(cut(text, { step: 3, finishedEpochs: 1 })).rejects.toThrow(message);
    expect(readFileSync(file(), 'utf8')).toBe(text);
  });

  it('cuts damaged lines that are younger than the checkpoint', async () => {
    expect(await cut(`${LINES.join('')}\0\0\n`, { step: 2, finishedEpochs: 1 })).toBe(LINES.slice(0, 4).join(''));
  });

  it('says so where it can be neither read nor written, as the log of sessions does', async () => {
    mkdirSync(file());
    const log = new MetricsLog(file());
    const message = /^\S*metrics\.jsonl: expected a file that can be (read|written), got [^\n]+$/;
    await expect(log.cutAfter({ step: 5, finishedEpochs: 1 })).rejects.toThrow(message);
    expect(() => log.append({} as MetricsLine)).toThrow(message);
    expect(() => log.sync()).toThrow(message);
    expect(() => new SessionLog(file()).append({} as SessionStart)).toThrow(message);
  });

  it('need not be there', async () => {
    const log = new MetricsLog(file());
    log.sync();
    await log.cutAfter({ step: 5, finishedEpochs: 1 });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('lockFolder', () => {
  const lock = () => join(folder, '.lock');
  const own = (pid: number, host = hostname()) => writeFileSync(lock(), JSON.stringify({ pid, host }));

  it('keeps a folder for one process, until it gives it back', () => {
    const unlock = lockFolder(folder);
    expect(JSON.parse(readFileSync(lock(), 'utf8')).pid).toBe(process.pid);
    expect(() => lockFolder(folder)).toThrow(/got process \d+$/);
    expect(readdirSync(folder)).toEqual(['.lock']);
    unlock();
    expect(existsSync(lock())).toBe(false);
    const again = lockFolder(folder);
    unlock();
    expect(existsSync(lock())).toBe(true);
    again();
  });

  it('refuses a folder of a living process', () => {
    own(process.ppid);
    expect(() => lockFolder(folder)).toThrow(
      new InputError(`${folder}: expected a run that no other process works on, got process ${process.ppid}`),
    );
    own(17, 'elsewhere');
    expect(() => lockFolder(folder)).toThrow(/got process 17 on elsewhere$/);
  });

  it.each<[string, () => void]>([
    ['a dead process', () => own(2 ** 22 + 1)],
    ['all processes at once', () => own(-1)],
    ['a group of processes', () => own(0)],
    ['no process', () => writeFileSync(lock(), JSON.stringify({ pid: '1', host: hostname() }))],
    ['a predecessor with the same number, as in containers', () => own(process.pid)],
    ['a process killed as it locked', () => writeFileSync(lock(), '')],
    [
      'a silent process on another machine',
      () => {
        own(17, 'elsewhere');
        utimesSync(lock(), Date.now() / 1000 - 300, Date.now() / 1000 - 300);
      },
    ],
  ])('takes the folder of %s', (_, leave) => {
    leave();
    lockFolder(folder)();
    expect(existsSync(lock())).toBe(false);
  });
});

describe('RunFolder', () => {
  const settings = { config: defaultConfig('mnist'), files: { dataDir: '/data/mnist' } };
  const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

  it('remembers its settings', async () => {
    const made = await RunFolder.create(folder, settings);
    made.close();
    const opened = await RunFolder.open(folder);
    expect(opened.readSettings()).toEqual(settings);
    expect(opened.readCheckpoint()).toBeUndefined();
    opened.close();
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  it('says which checkpoint cannot be read', async () => {
    const made = await RunFolder.create(folder, settings);
    mkdirSync(join(folder, 'checkpoint-last.safetensors'));
    expect(() => made.readCheckpoint()).toThrow(
      new InputError(`${folder}/checkpoint-last.safetensors: expected a file that can be read, got a folder`),
    );
    made.close();
  });

  it('is free where a process was killed before it had written anything, and cleaned when opened', async () => {
    writeFileSync(join(folder, '.config.json.0123abcd.tmp'), '{');
    writeFileSync(join(folder, '.lock'), '');
    RunFolder.checkFree(folder);
    (await RunFolder.create(folder, settings)).close();
    (await RunFolder.open(folder)).close();
    expect(readdirSync(folder)).toEqual(['config.json']);
    expect(() => RunFolder.checkFree(folder)).toThrow(/got one with config\.json; --resume goes on with a run$/);
  });

  it('is none without config.json', async () => {
    await expect(RunFolder.open(folder)).rejects.toThrow(
      new InputError(`--resume ${folder}: expected the folder of a run, got one without config.json`),
    );
    await expect(RunFolder.open(join(folder, 'no'))).rejects.toThrow(/expected the folder of a run, got none$/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{"model":', /config\.json: expected a JSON object, got "/],
    ['a list', '[]', /config\.json: expected a JSON object, got "\[\]"$/],
    ['nothing in it', '{}', /config\.json: model: expected a text, got none$/],
    [
      'files of another kind',
      JSON.stringify({ ...settings.config, files: { dataDir: 5 } }),
      /config\.json: files: expected texts by name, got \{"dataDir":5\}$/,
    ],
    [
      'epochs of another kind',
      JSON.stringify({ ...settings.config, epochs: '3' }),
      /epochs: expected a number, got "3"$/,
    ],
    [
      'epochs nested deeper than JSON.stringify goes',
      JSON.stringify({ ...settings.config, epochs: 0 }).replace('"epochs":0', `"epochs":${DEEP}`),
      /config\.json: epochs: expected a number, got something nested too deeply$/,
    ],
    ['no epochs', JSON.stringify({ ...settings.config, epochs: 0 }), /config\.json: epochs: expected a positive whole/],
  ])('refuses a configuration with %s', async (_, text, message) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), text);
    const opened = await RunFolder.open(folder);
    expect(() => opened.readSettings()).toThrow(InputError);
    expect(() => opened.readSettings()).toThrow(message);
    opened.close();
  });
});
