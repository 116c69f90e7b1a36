// A sequence of GPU commands, noted instead of run: what it allocates gets memory once all uses are known (see `planMemory`), its
// pipelines can be compiled together, and it can be run again and again with little work on the host.

import type { GpuBuffer } from '../buffer_pool.js';
import type { Kernel } from '../kernel.js';
import type { BufferSlice } from '../pipeline_cache.js';
import type { Use } from './memory_plan.js';
import { accessesOf, reorder } from './reorder.js';

/** What a dispatch is for, in profiles. */
export interface Label {
  /** Name of a part of a network, or of anything else. */
  readonly part: string;
  readonly pass: 'forward' | 'backward';
  /** Operation and shapes, if it can be tiled in several ways. */
  readonly operation?: string;
}

export interface Dispatch {
  readonly type: 'dispatch';
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, BufferSlice>>;
  readonly params: Uint8Array;
  readonly grid: readonly [number, number, number];
  readonly label: Label;
}

export interface Copy {
  readonly type: 'copy';
  readonly source: GpuBuffer;
  readonly target: GpuBuffer;
  readonly sizeBytes: number;
}

export interface Clear {
  readonly type: 'clear';
  readonly target: GpuBuffer;
  readonly sizeBytes: number;
}

export type Command = Dispatch | Copy | Clear;

/** A buffer that recorded commands allocated. A temporary if they freed it too, otherwise a result, which lives until it is freed. */
export class RecordedBuffer implements GpuBuffer {
  /** Where it is: known once the recording is replayed. */
  place: GpuBuffer | undefined;
  isTemporary = false;
  /** Numbers of the commands that use it first and last. */
  first = Number.POSITIVE_INFINITY;
  last = -1;

  constructor(
    readonly recording: Recording,
    readonly sizeBytes: number,
  ) {}

  get id(): number {
    return this.placed.id;
  }

  get handle(): GPUBuffer {
    return this.placed.handle;
  }

  private get placed(): GpuBuffer {
    if (!this.place)
      throw new Error('a result of recorded commands was used before they were replayed, or after it was freed');
    return this.place;
  }
}

export class Recording {
  /** In the order in which they were given, until `finish`. */
  commands: readonly Command[] = [];
  readonly buffers: RecordedBuffer[] = [];
  /** Buffers made elsewhere that the commands freed. They wait for the first replay, which is then the only one. */
  readonly freed: GpuBuffer[] = [];
  isSpent = false;
  private readonly given: Command[] = [];

  add(command: Command): void {
    this.given.push(command);
  }

  /** All commands are there: orders them, and notes where each buffer is used. */
  finish(): void {
    this.commands = reorder(this.given, (buffer) => this.owns(buffer) && buffer.isTemporary);
    for (const [position, command] of this.commands.entries()) {
      for (const { buffer } of accessesOf(command)) {
        if (!this.owns(buffer)) continue;
        buffer.first = Math.min(buffer.first, position);
        buffer.last = position;
      }
    }
  }

  private owns(buffer: GpuBuffer): buffer is RecordedBuffer {
    return buffer instanceof RecordedBuffer && buffer.recording === this;
  }

  allocate(sizeBytes: number): RecordedBuffer {
    const buffer = new RecordedBuffer(this, sizeBytes);
    this.buffers.push(buffer);
    return buffer;
  }

  free(buffer: GpuBuffer): void {
    if (this.owns(buffer)) buffer.isTemporary = true;
    else this.freed.push(buffer);
  }

  /** Those that commands use. */
  get temporaries(): (RecordedBuffer & Use)[] {
    return this.buffers.filter(({ isTemporary, last }) => isTemporary && last >= 0);
  }

  get results(): RecordedBuffer[] {
    return this.buffers.filter(({ isTemporary }) => !isTemporary);
  }

  get kernels(): Kernel[] {
    return this.commands.flatMap((command) => (command.type === 'dispatch' ? [command.kernel] : []));
  }
}
