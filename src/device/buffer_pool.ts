// GPU memory: buffers in size classes, reused instead of freed, because JavaScript's collector does not see GPU memory.

import { DeviceMemoryError } from './errors.js';

/** A pooled storage buffer. `sizeBytes` is its class size, at least what was asked for. */
export interface GpuBuffer {
  readonly id: number;
  readonly sizeBytes: number;
  readonly handle: GPUBuffer;
}

/** Of a device: runs `create`, and calls `onFailure` later if there was no memory for it. */
export type GuardAllocation = <T>(create: () => T, onFailure: () => void) => T;

export interface PoolStatistics {
  /** Bytes of all buffers that exist, in use or waiting for reuse. */
  readonly heldBytes: number;
  readonly usedBytes: number;
  readonly peakUsedBytes: number;
  readonly buffers: number;
}

const MINIMUM_CLASS_BYTES = 256;

/** Rounds up to the next of {4, 5, 6, 7}/4 powers of two: at most a quarter wasted, few distinct classes. */
export function sizeClass(bytes: number): number {
  if (bytes <= MINIMUM_CLASS_BYTES) return MINIMUM_CLASS_BYTES;
  const quarter = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / quarter) * quarter;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}

export class BufferPool {
  private readonly free = new Map<number, GpuBuffer[]>();
  /** Buffers that there was no memory for: WebGPU hands them out all the same, and says so later. */
  private readonly invalid = new WeakSet<GpuBuffer>();
  private nextId = 1;
  private held = 0;
  private used = 0;
  private peak = 0;
  private count = 0;
  /** In whole vec4s, as tensors are padded. */
  private readonly largestBytes: number;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly usage: number,
    largestBytes: number,
    private readonly guard: GuardAllocation,
  ) {
    this.largestBytes = Math.floor(largestBytes / 16) * 16;
  }

  /**
   * A buffer of at least `sizeBytes` with unspecified contents. Of the free ones of its class it takes the one with the
   * lowest id, so that a step which repeats the same requests gets the same buffers, and cached bind groups fit again.
   */
  acquire(sizeBytes: number, purpose: string): GpuBuffer {
    this.check(sizeBytes, purpose);
    const bytes = Math.min(sizeClass(sizeBytes), this.largestBytes);
    const waiting = this.free.get(bytes);
    const buffer = waiting?.length ? waiting.pop()! : this.create(bytes);
    this.use(bytes);
    return buffer;
  }

  /** @throws DeviceMemoryError if no buffer can be so large. */
  check(sizeBytes: number, purpose: string): void {
    if (sizeBytes <= this.largestBytes) return;
    throw new DeviceMemoryError(
      `${purpose}: needs one buffer of ${formatBytes(sizeBytes)}, but this device binds at most ${formatBytes(this.largestBytes)}; use a smaller batch`,
    );
  }

  /** A buffer of just this size, which does not go back into the pool: end its use with `destroy`. */
  reserve(sizeBytes: number): GpuBuffer {
    this.use(sizeBytes);
    return this.create(sizeBytes);
  }

  /** Ends a buffer of `reserve`. The caller has submitted all work that uses it. */
  destroy(buffer: GpuBuffer): void {
    buffer.handle.destroy();
    this.used -= buffer.sizeBytes;
    this.held -= buffer.sizeBytes;
    this.count--;
  }

  release(buffer: GpuBuffer): void {
    if (this.invalid.has(buffer)) {
      this.destroy(buffer);
      return;
    }
    this.used -= buffer.sizeBytes;
    const waiting = this.free.get(buffer.sizeBytes);
    if (!waiting) {
      this.free.set(buffer.sizeBytes, [buffer]);
      return;
    }
    // Sorted by descending id, so that pop() takes the lowest.
    let position = waiting.length;
    while (position > 0 && waiting[position - 1].id < buffer.id) position--;
    waiting.splice(position, 0, buffer);
  }

  /** Destroys the buffers that wait for reuse. The caller has submitted all work that uses them. */
  trim(): void {
    for (const waiting of this.free.values()) {
      for (const buffer of waiting) {
        buffer.handle.destroy();
        this.held -= buffer.sizeBytes;
        this.count--;
      }
    }
    this.free.clear();
  }

  /** From now on the peak is that of what follows. */
  resetPeak(): void {
    this.peak = this.used;
  }

  statistics(): PoolStatistics {
    return { heldBytes: this.held, usedBytes: this.used, peakUsedBytes: this.peak, buffers: this.count };
  }

  private use(bytes: number): void {
    this.used += bytes;
    this.peak = Math.max(this.peak, this.used);
  }

  private create(bytes: number): GpuBuffer {
    const handle = this.guard(
      () => this.gpu.createBuffer({ size: bytes, usage: this.usage }),
      () => this.discard(buffer),
    );
    const buffer = { id: this.nextId++, sizeBytes: bytes, handle };
    this.held += bytes;
    this.count++;
    return buffer;
  }

  /** Keeps an invalid buffer, in use or not, from being handed out again. */
  private discard(buffer: GpuBuffer): void {
    this.invalid.add(buffer);
    const waiting = this.free.get(buffer.sizeBytes);
    const position = waiting?.indexOf(buffer) ?? -1;
    if (position < 0) return;
    waiting!.splice(position, 1);
    this.used += buffer.sizeBytes;
    this.destroy(buffer);
  }
}
