// Commands in another order that needs less memory and computes the same: what uses up a temporary runs as soon as it can. The
// optimizer's step of each parameter then follows its gradient at once, so that gradients of a network never exist all together.

import type { GpuBuffer } from '../buffer_pool.js';
import type { Command } from './recording.js';

interface Access {
  readonly buffer: GpuBuffer;
  readonly isWritten: boolean;
}

export function accessesOf(command: Command): Access[] {
  if (command.type === 'clear') return [{ buffer: command.target, isWritten: true }];
  if (command.type === 'copy') {
    return [
      { buffer: command.source, isWritten: false },
      { buffer: command.target, isWritten: true },
    ];
  }
  return command.kernel.layout.bindings.map(({ name, access }) => ({
    buffer: command.bindings[name].buffer,
    isWritten: access === 'read_write',
  }));
}

/** Where the commands so far touch a buffer last, as positions in the new order. */
interface Touched {
  read: number;
  write: number;
}

/**
 * The commands, with each that ends the life of a temporary, and begins none, directly behind the last one that it depends on.
 * @param isTemporary whether a buffer lives within these commands only.
 */
export function reorder(commands: readonly Command[], isTemporary: (buffer: GpuBuffer) => boolean): Command[] {
  const accesses = commands.map(accessesOf);
  const ends = endsOfLives(accesses, isTemporary);
  const touched = new Map<GpuBuffer, Touched>();
  // Behind which command of the old order each goes; those that stay go behind themselves.
  const followers: Command[][] = commands.map(() => []);
  for (const [i, command] of commands.entries()) {
    const earliest = Math.max(-1, ...accesses[i].map((access) => dependency(touched, access)));
    const place = ends[i] && earliest >= 0 ? earliest : i;
    followers[place].push(command);
    for (const { buffer, isWritten } of accesses[i]) note(touched, buffer, isWritten, place);
  }
  return followers.flat();
}

/** The last position that must come before this access. */
function dependency(touched: ReadonlyMap<GpuBuffer, Touched>, { buffer, isWritten }: Access): number {
  const { read, write } = touched.get(buffer) ?? { read: -1, write: -1 };
  return isWritten ? Math.max(read, write) : write;
}

function note(touched: Map<GpuBuffer, Touched>, buffer: GpuBuffer, isWritten: boolean, place: number): void {
  const entry = touched.get(buffer) ?? { read: -1, write: -1 };
  if (isWritten) entry.write = Math.max(entry.write, place);
  else entry.read = Math.max(entry.read, place);
  touched.set(buffer, entry);
}

/** Of each command: whether a temporary is used by it last, and none first. */
function endsOfLives(accesses: readonly Access[][], isTemporary: (buffer: GpuBuffer) => boolean): boolean[] {
  const first = new Map<GpuBuffer, number>();
  const last = new Map<GpuBuffer, number>();
  for (const [i, own] of accesses.entries()) {
    for (const { buffer } of own.filter((access) => isTemporary(access.buffer))) {
      if (!first.has(buffer)) first.set(buffer, i);
      last.set(buffer, i);
    }
  }
  return accesses.map((own, i) => {
    const temporaries = own.filter(({ buffer }) => last.has(buffer));
    return (
      temporaries.some(({ buffer }) => last.get(buffer) === i) &&
      temporaries.every(({ buffer }) => first.get(buffer) !== i)
    );
  });
}
