// A sequence of GPU commands, noted instead of run: what it allocates gets memory once all uses are known (see `planMemory`), its
// pipelines can be compiled together, and it can be run again and again with little work on the host.

import type { GpuBuffer } from './buffer_pool.js';
import type { Kernel } from './kernel.js';
import type { Use } from './memory_plan.js';
import type { BufferSlice } from './pipeline_cache.js';

/** What a dispatch is for, in profiles. */
export interface Label {
  /** Name of a part of a network, or of anything else. */
  readonly part: string;
  readonly pass: 'forward' | 'backward';
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
  readonly commands: Command[] = [];
  readonly buffers: RecordedBuffer[] = [];
  /** Buffers made elsewhere that the commands freed. They wait for the first replay, which is then the only one. */
  readonly freed: GpuBuffer[] = [];
  isSpent = false;

  add(command: Command): void {
    const position = this.commands.push(command) - 1;
    for (const buffer of buffersOf(command)) {
      if (!(buffer instanceof RecordedBuffer) || buffer.recording !== this) continue;
      buffer.first = Math.min(buffer.first, position);
      buffer.last = position;
    }
  }

  allocate(sizeBytes: number): RecordedBuffer {
    const buffer = new RecordedBuffer(this, sizeBytes);
    this.buffers.push(buffer);
    return buffer;
  }

  free(buffer: GpuBuffer): void {
    if (buffer instanceof RecordedBuffer && buffer.recording === this) buffer.isTemporary = true;
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

function buffersOf(command: Command): GpuBuffer[] {
  if (command.type === 'dispatch') return Object.values(command.bindings).map(({ buffer }) => buffer);
  return command.type === 'copy' ? [command.source, command.target] : [command.target];
}
