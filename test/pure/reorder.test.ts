// Reordered commands: the same results, dependencies kept, and temporaries used up as soon as they can be.
import { describe, expect, it } from 'vitest';
import type { GpuBuffer } from '../../src/device/index.js';
import type { Command } from '../../src/device/recording/recording.js';
import { reorder } from '../../src/device/recording/reorder.js';
import { Random } from '../../src/tensor/index.js';

interface NamedBuffer extends GpuBuffer {
  readonly name: string;
}

const bufferOf = (name: string) => ({ name, id: 0, sizeBytes: 16 }) as unknown as NamedBuffer;
const isTemporary = (buffer: GpuBuffer) => (buffer as NamedBuffer).name.startsWith('t');

/** A command that reads some buffers and writes others. */
function dispatch(name: string, reads: readonly GpuBuffer[], writes: readonly GpuBuffer[]): Command {
  const bound = [
    ...reads.map((buffer) => ({ buffer, access: 'read' })),
    ...writes.map((buffer) => ({ buffer, access: 'read_write' })),
  ];
  const bindings = bound.map(({ access }, i) => ({ name: `b${i}`, access }));
  return {
    type: 'dispatch',
    kernel: { path: name, layout: { bindings } },
    bindings: Object.fromEntries(bound.map(({ buffer }, i) => [`b${i}`, { buffer, sizeBytes: 16 }])),
  } as unknown as Command;
}

const namesOf = (commands: readonly Command[]) =>
  commands.map((command) => (command.type === 'dispatch' ? command.kernel.path : command.type));

/** Runs commands on numbers: a written buffer becomes a hash of the command, what it held and what was read. */
function run(commands: readonly Command[]): Map<GpuBuffer, string> {
  const contents = new Map<GpuBuffer, string>();
  for (const command of commands) {
    if (command.type !== 'dispatch') throw new Error('only dispatches here');
    const bound = command.kernel.layout.bindings.map(({ name, access }) => ({
      access,
      buffer: command.bindings[name].buffer,
    }));
    const inputs = bound.map(({ buffer }) => contents.get(buffer) ?? '').join('|');
    for (const { buffer, access } of bound) {
      if (access === 'read_write') contents.set(buffer, `${command.kernel.path}(${hash(inputs)})`);
    }
  }
  return contents;
}

function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (Math.imul(value, 31) + character.charCodeAt(0)) | 0;
  return value;
}

describe('reorder', () => {
  const [x, loss, w1, w2, guard] = ['x', 'loss', 'w1', 'w2', 'guard'].map(bufferOf);

  it('puts the update of a parameter behind its gradient', () => {
    const [t1, t2, t3] = ['t1', 't2', 't3'].map(bufferOf);
    const commands = [
      dispatch('forward', [x, w1, w2], [loss]),
      dispatch('gradient 2', [loss], [t2]),
      dispatch('gradient of hidden', [loss, w2], [t3]),
      dispatch('gradient 1', [t3], [t1]),
      dispatch('guard', [loss], [guard]),
      dispatch('update 1', [t1, guard], [w1]),
      dispatch('update 2', [t2, guard], [w2]),
    ];
    // The guard frees nothing, so it stays, and holds the updates back.
    expect(namesOf(reorder(commands, isTemporary))).toEqual(namesOf(commands));
    const early = [commands[0], commands[4], ...commands.slice(1, 4), ...commands.slice(5)];
    expect(namesOf(reorder(early, isTemporary))).toEqual([
      ...['forward', 'guard', 'gradient 2', 'gradient of hidden', 'update 2', 'gradient 1', 'update 1'],
    ]);
  });

  it('keeps the order of what writes one buffer', () => {
    const [t1, t2] = ['t1', 't2'].map(bufferOf);
    const commands = [
      dispatch('a', [x], [t1]),
      dispatch('b', [x], [t2]),
      dispatch('add a', [t1], [w1]),
      dispatch('add b', [t2], [w1]),
    ];
    expect(namesOf(reorder(commands, isTemporary))).toEqual(['a', 'add a', 'b', 'add b']);
  });

  it.each(Array.from({ length: 50 }, (_, seed) => seed))('computes the same, random commands %i', (seed) => {
    const random = new Random(seed);
    const kept = Array.from({ length: 5 }, (_, i) => bufferOf(`k${i}`));
    const temporaries = Array.from({ length: 12 }, (_, i) => bufferOf(`t${i}`));
    const pick = () => (random.below(3) === 0 ? kept[random.below(5)] : temporaries[random.below(12)]);
    const commands = Array.from({ length: 40 }, (_, i) => {
      const bound = [...new Set(Array.from({ length: 1 + random.below(4) }, pick))];
      const writes = 1 + random.below(bound.length);
      return dispatch(`c${i}`, bound.slice(writes), bound.slice(0, writes));
    });
    const reordered = reorder(commands, isTemporary);
    expect([...namesOf(reordered)].sort()).toEqual([...namesOf(commands)].sort());
    expect(run(reordered)).toEqual(run(commands));
  });
});
