// The battery: parts run one after the other within a budget of minutes, and whatever happened so far is saved as it happens, so
// that a run which is killed leaves what it measured. A part that fails does not stop the next one.

import { AdapterError, type OpenDeviceOptions } from '../../device/index.js';

/** `running` in a saved report: the run was cut off there, or still goes on. `cut short`: time ended before the part did. */
export type PartState = 'running' | 'passed' | 'failed' | 'cut short' | 'not run';

export interface PartResult {
  readonly state: 'passed' | 'failed' | 'cut short';
  /** What happened, in a few words. */
  readonly note: string;
}

export interface PartContext {
  /** Whether the part's time is over; it then ends as soon as it can. */
  isOver(): boolean;
  secondsLeft(): number;
  /** The part has something new in `data()`: saves it, unless it saved a moment ago. */
  progressed(): Promise<void>;
}

/** Which adapter the parts ask for, and what Dawn is started with. */
export type BatteryAdapter = Pick<OpenDeviceOptions, 'adapter' | 'dawnToggles'>;

export interface BatteryPart {
  readonly name: string;
  readonly title: string;
  /** Seconds below which it is not worth starting. */
  readonly leastSeconds: number;
  /** Of the time that is left when it starts, in (0, 1]. What it does not use is left to the next ones. */
  readonly share: number;
  /** @throws whatever went wrong: it is recorded, and the next part starts. */
  run(context: PartContext): Promise<PartResult>;
  /** What it measured so far, as JSON. */
  data(): unknown;
  /** The same for people, in Markdown. */
  details(): string;
}

export interface PartRecord {
  readonly name: string;
  state: PartState;
  seconds: number;
  note: string;
  /** Message and stack of what the part threw. */
  error?: string;
  data?: unknown;
}

export interface BatteryRecord {
  readonly startedAt: string;
  /** As it was given. */
  readonly command: string;
  readonly minutes: number;
  /** False in the report of a run that goes on, or was cut off. */
  finished: boolean;
  readonly parts: PartRecord[];
}

export interface BatteryOptions {
  readonly command: string;
  readonly minutes: number;
  /** Called whenever there is something new. The record is the same object every time. */
  readonly save: (record: BatteryRecord) => Promise<void>;
  /** One line for a person. */
  readonly log?: (line: string) => void;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

const SAVE_INTERVAL_MS = 2000;

export async function runBattery(parts: readonly BatteryPart[], options: BatteryOptions): Promise<BatteryRecord> {
  const { command, minutes, save, log = () => {}, now = () => performance.now() } = options;
  const end = now() + minutes * 60_000;
  const record: BatteryRecord = { startedAt: new Date().toISOString(), command, minutes, finished: false, parts: [] };
  let noAdapter = false;
  for (const part of parts) {
    const own: PartRecord = { name: part.name, state: 'running', seconds: 0, note: '' };
    record.parts.push(own);
    const secondsLeft = (end - now()) / 1000;
    const obstacle = noAdapter ? 'there is no adapter' : tooShort(part, secondsLeft);
    if (obstacle) {
      Object.assign(own, { state: 'not run', note: obstacle });
      log(`${part.title}: not run, ${obstacle}`);
      continue;
    }
    await save(record);
    log(`${part.title}: started, ${Math.round(secondsLeft * part.share)} s at most`);
    const error = await runPart(part, own, secondsLeft * part.share, () => save(record), now);
    noAdapter ||= error instanceof AdapterError;
    log(`${part.title}: ${own.state}, ${own.note}${own.state === 'cut short' ? '; it needs more --minutes' : ''}`);
    await save(record);
  }
  record.finished = true;
  await save(record);
  return record;
}

function tooShort({ leastSeconds }: BatteryPart, secondsLeft: number): string | undefined {
  if (secondsLeft >= leastSeconds) return undefined;
  return `needs at least ${leastSeconds} s, ${Math.max(0, Math.floor(secondsLeft))} s were left`;
}

/** Runs one part and fills in its record. Returns what it threw. */
async function runPart(
  part: BatteryPart,
  own: PartRecord,
  seconds: number,
  save: () => Promise<void>,
  now: () => number,
): Promise<unknown> {
  const start = now();
  const deadline = start + seconds * 1000;
  let saved = start;
  const update = () => {
    own.seconds = (now() - start) / 1000;
    own.data = part.data();
  };
  const context: PartContext = {
    isOver: () => now() >= deadline,
    secondsLeft: () => Math.max(0, (deadline - now()) / 1000),
    async progressed() {
      if (now() - saved < SAVE_INTERVAL_MS) return;
      update();
      await save();
      saved = now();
    },
  };
  let thrown: unknown;
  try {
    Object.assign(own, await part.run(context));
  } catch (error) {
    thrown = error;
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    Object.assign(own, { state: 'failed', note: message.split('\n')[0], error: stack ?? message });
  }
  update();
  return thrown;
}

/** 0 if every part that ran passed, else 1. */
export function exitCodeOf(record: BatteryRecord): number {
  return record.parts.every(({ state }) => state === 'passed' || state === 'not run') ? 0 : 1;
}
