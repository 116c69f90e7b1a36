// Runs recordings: gives their buffers memory, keeps their bind groups, encodes their commands.

import type { BufferPool, GpuBuffer } from '../buffer_pool.js';
import type { BoundCommand, CommandStream } from '../command_stream.js';
import type { PipelineCache } from '../pipeline_cache.js';
import { fitInto, type MemoryPlan, planMemory } from './memory_plan.js';
import type { Command, Recording } from './recording.js';

/** What a recording needs to be encoded, good for one state of the arena and of the cache. */
interface Binding {
  readonly arenaVersion: number;
  readonly cacheGeneration: number;
  readonly commands: readonly BoundCommand[];
}

export class Replayer {
  /** The memory of temporaries, shared by all recordings: they run one after the other. */
  private arena: GpuBuffer[] = [];
  private arenaVersion = 0;
  /** Of each recording's temporaries, in their order: the place in the arena. */
  private plans = new WeakMap<Recording, readonly number[]>();
  private readonly bindings = new WeakMap<Recording, Binding>();

  constructor(
    private readonly pool: BufferPool,
    private readonly cache: PipelineCache,
    private readonly stream: CommandStream,
  ) {}

  /** Bytes of temporaries that a recording needs at once, as places are planned. */
  bytesOf(recording: Recording): number {
    return planMemory(recording.temporaries).sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  }

  replay(recording: Recording): void {
    for (const command of this.bind(recording)) this.stream.encode(command);
    recording.isSpent = recording.freed.length > 0;
  }

  /** The commands with their pipelines, memory and bind groups. */
  bind(recording: Recording): readonly BoundCommand[] {
    if (recording.isSpent) {
      throw new Error(
        'replay: these commands freed what others made, or their results were freed, so they cannot run again',
      );
    }
    if (this.cache.isFull) {
      this.stream.submit();
      this.cache.forgetBindGroups();
    }
    return this.bindingOf(recording).commands;
  }

  /** Gives the arena back to the driver, with all work submitted; recordings are planned again when they are replayed. */
  release(): void {
    for (const buffer of this.arena) this.pool.destroy(buffer);
    this.arena = [];
    this.plans = new WeakMap();
    this.arenaVersion++;
  }

  private bindingOf(recording: Recording): Binding {
    const known = this.bindings.get(recording);
    const cacheGeneration = this.cache.generation;
    if (known?.arenaVersion === this.arenaVersion && known.cacheGeneration === cacheGeneration) return known;
    this.place(recording);
    const { arenaVersion } = this;
    const commands = recording.commands.map((command) => this.boundCommand(command));
    const binding = { arenaVersion, cacheGeneration, commands };
    this.bindings.set(recording, binding);
    return binding;
  }

  private boundCommand(command: Command): BoundCommand {
    const { type } = command;
    if (type === 'clear') return { type, target: command.target.handle, sizeBytes: command.sizeBytes };
    if (type === 'copy') {
      return { type, source: command.source.handle, target: command.target.handle, sizeBytes: command.sizeBytes };
    }
    const { kernel, bindings, params, grid } = command;
    const compiled = this.cache.pipeline(kernel);
    const bindGroup = this.cache.bindGroup(kernel, compiled, bindings, params);
    return { type, pipeline: compiled.pipeline, bindGroup, grid };
  }

  /** Gives every buffer its place, and enlarges the arena if it must. A plan stays good, since places never shrink. */
  private place(recording: Recording): void {
    for (const buffer of recording.results) buffer.place ??= this.pool.acquire(buffer.sizeBytes, 'result');
    const { temporaries } = recording;
    let places = this.plans.get(recording);
    if (!places) {
      places = this.makeRoom(planMemory(temporaries));
      this.plans.set(recording, places);
    }
    for (const [i, buffer] of temporaries.entries()) buffer.place = this.arena[places[i]];
  }

  private makeRoom({ places, sizes }: MemoryPlan): readonly number[] {
    const held = this.arena.map(({ sizeBytes }) => sizeBytes);
    const placeInArena = fitInto(held, sizes);
    for (const [i, sizeBytes] of sizes.entries()) {
      const place = placeInArena[i];
      if (held[place] >= sizeBytes) continue;
      this.stream.submit();
      if (place < held.length) this.pool.destroy(this.arena[place]);
      this.arena[place] = this.pool.reserve(sizeBytes);
      this.arenaVersion++;
    }
    return places.map((place) => placeInArena[place]);
  }
}
