// A GPU device as the rest of the house sees it: run a kernel, allocate, write, read. Nothing outside this folder touches
// WebGPU objects. Every call first throws what an earlier one did wrong, since WebGPU itself only reports errors later.

import { InputError } from '../host/input_error.js';
import { BufferPool, formatBytes, type GpuBuffer, type GuardAllocation, type PoolStatistics } from './buffer_pool.js';
import { CommandStream } from './command_stream.js';
import { type Timing, timeCommands } from './command_timer.js';
import { ErrorLog } from './error_log.js';
import { gridOf, type Workgroups } from './grid.js';
import type { Kernel } from './kernel.js';
import { type BufferSlice, checkNames, PipelineCache } from './pipeline_cache.js';
import { type Label, RecordedBuffer, Recording } from './recording/recording.js';
import { Replayer } from './recording/replayer.js';
import { leavesLoops } from './unroll.js';
import { packParams } from './wgsl.js';

export interface DeviceInfo {
  /** One line: device, driver, backend. */
  readonly description: string;
  readonly kind: string;
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly adapter: Readonly<Record<string, unknown>>;
}

export interface TimedDispatch extends Timing {
  readonly kernel: string;
  readonly label: Label;
}

export interface DeviceOptions {
  /** See `FoundAdapter.wait`. */
  readonly wait?: <T>(ask: () => Promise<T>) => Promise<T>;
  /** Lets the GPU instance go, so that a Node process can exit. */
  readonly onDestroy: () => void;
  readonly poison?: boolean;
}

const READBACK_USAGE = 0x1 | 0x8; // MAP_READ | COPY_DST
const STORAGE_USAGE = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST

export class Device {
  private readonly errors: ErrorLog;
  private readonly pool: BufferPool;
  private readonly staging: BufferPool;
  private readonly cache: PipelineCache;
  private readonly stream: CommandStream;
  private readonly replayer: Replayer;
  /** That takes the commands instead of the GPU. */
  private recording: Recording | undefined;
  private currentLabel: Label = { part: '', pass: 'forward' };

  /** Use `openDevice()`. */
  constructor(
    private readonly gpu: GPUDevice,
    readonly info: DeviceInfo,
    private readonly options: DeviceOptions,
  ) {
    this.errors = new ErrorLog(gpu);
    const largest = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    const guard: GuardAllocation = (create, onFailure) => this.errors.guardAllocation(create, onFailure);
    this.pool = new BufferPool(gpu, STORAGE_USAGE, largest, guard);
    this.staging = new BufferPool(gpu, READBACK_USAGE, gpu.limits.maxBufferSize, guard);
    this.cache = new PipelineCache(gpu, this.errors, leavesLoops(info));
    this.stream = new CommandStream(gpu);
    this.replayer = new Replayer(this.pool, this.cache, this.stream);
  }

  has(feature: string): boolean {
    return this.gpu.features.has(feature as GPUFeatureName);
  }

  limit(name: keyof GPUSupportedLimits & string): number {
    return this.gpu.limits[name] as number;
  }

  /** A storage buffer with unspecified contents. `purpose` goes into the message if it is too large. */
  allocate(sizeBytes: number, purpose = 'buffer'): GpuBuffer {
    this.errors.throwIfAny();
    if (this.recording) {
      this.pool.check(sizeBytes, purpose);
      return this.recording.allocate(sizeBytes);
    }
    const buffer = this.pool.acquire(sizeBytes, purpose);
    if (this.options.poison) this.stream.write(buffer.handle, 0, new Uint8Array(buffer.sizeBytes).fill(0xff));
    return buffer;
  }

  free(buffer: GpuBuffer): void {
    if (this.recording) {
      this.recording.free(buffer);
    } else if (buffer instanceof RecordedBuffer) {
      if (buffer.place) this.pool.release(buffer.place);
      buffer.place = undefined;
      buffer.recording.isSpent = true;
    } else {
      this.pool.release(buffer);
    }
  }

  /**
   * Encodes one dispatch. Bindings and parameters go by the names that the .wgsl file gives them.
   * @param workgroups counts along x, y, z. A plain number that exceeds the limit of one dimension is folded into x and y;
   *   such a kernel computes its index as `workgroup_id.x + workgroup_id.y * num_workgroups.x` and checks the end.
   */
  run(
    kernel: Kernel,
    bindings: Readonly<Record<string, BufferSlice>>,
    params: Readonly<Record<string, number>>,
    workgroups: Workgroups,
  ): void {
    this.errors.throwIfAny();
    const [x, y, z] = gridOf(kernel, workgroups, this.gpu.limits.maxComputeWorkgroupsPerDimension);
    if (x === 0 || y === 0 || z === 0) return;
    const packed = packParams(kernel.layout, params, kernel.path);
    checkNames(kernel, bindings);
    if (this.recording) {
      this.recording.add({ type: 'dispatch', kernel, bindings, params: packed, grid: [x, y, z], label: this.label });
      return;
    }
    if (this.cache.isFull) {
      this.stream.submit();
      this.cache.forgetBindGroups();
    }
    const compiled = this.cache.pipeline(kernel);
    const group = this.cache.bindGroup(kernel, compiled, bindings, packed);
    this.stream.dispatch(compiled.pipeline, group, [x, y, z]);
  }

  /**
   * Notes the commands of `body` instead of running them: `replay` runs them, any number of times. What `body` allocates and frees has
   * memory only while they run; what it does not free holds results after each replay. It may neither upload nor read back.
   */
  record(body: () => void): Recording {
    this.errors.throwIfAny();
    this.refuseWhileRecording('record');
    const recording = new Recording();
    this.recording = recording;
    try {
      body();
    } catch (error) {
      this.recording = undefined;
      for (const buffer of recording.freed) this.free(buffer);
      throw error;
    }
    this.recording = undefined;
    recording.finish();
    return recording;
  }

  /** Compiles what recorded commands need, in parallel; `replay` would compile one after the other. */
  prepare(recording: Recording): Promise<void> {
    this.errors.throwIfAny();
    return this.whenDone(() => this.cache.prepare(recording.kernels));
  }

  /** Bytes of the memory that recorded commands work in, which `replay` takes when it needs it. Recordings share it. */
  workingBytes(recording: Recording): number {
    return this.replayer.bytesOf(recording);
  }

  replay(recording: Recording): void {
    this.errors.throwIfAny();
    this.refuseWhileRecording('replay');
    this.replayer.replay(recording);
    for (const buffer of recording.freed.splice(0)) this.free(buffer);
  }

  /** What dispatches are for now: see `labelled`. */
  get label(): Label {
    return this.currentLabel;
  }

  /** Runs `body`; the dispatches that it records are for that. */
  labelled<T>(label: Label, body: () => T): T {
    const before = this.currentLabel;
    this.currentLabel = label;
    try {
      return body();
    } finally {
      this.currentLabel = before;
    }
  }

  /**
   * Runs recorded commands once, and tells how long each dispatch took, in their order.
   * @throws InputError if the adapter has no timestamps.
   */
  async time(recording: Recording): Promise<TimedDispatch[]> {
    this.errors.throwIfAny();
    this.refuseWhileRecording('time');
    if (!this.has('timestamp-query')) throw new InputError(`${this.info.description}: this adapter has no timestamps`);
    const commands = this.replayer.bind(recording);
    this.stream.submit();
    const timings = await timeCommands(this.gpu, commands, (ask) => this.whenDone(ask));
    await this.errors.settle();
    const dispatches = recording.commands.filter((command) => command.type === 'dispatch');
    return dispatches.map(({ kernel, label }, i) => ({ kernel: kernel.path, label, ...timings[i] }));
  }

  private refuseWhileRecording(call: string): void {
    if (!this.recording) return;
    throw new Error(
      `${call}: not possible while commands are recorded, as those of a training step are; ` +
        "make tensors of given values before, in a module's constructor, and read results afterwards",
    );
  }

  /** Uploads bytes; later dispatches see them, earlier ones do not. Length and offset are multiples of 4. */
  write(buffer: GpuBuffer, bytes: Uint8Array, offset = 0): void {
    this.errors.throwIfAny();
    this.refuseWhileRecording('write');
    this.stream.write(buffer.handle, offset, bytes);
  }

  copy(source: GpuBuffer, target: GpuBuffer, sizeBytes: number): void {
    this.errors.throwIfAny();
    if (this.recording) this.recording.add({ type: 'copy', source, target, sizeBytes });
    else this.stream.copy(source.handle, 0, target.handle, 0, sizeBytes);
  }

  /** Fills with zeros. */
  clear(buffer: GpuBuffer, sizeBytes: number): void {
    this.errors.throwIfAny();
    if (this.recording) this.recording.add({ type: 'clear', target: buffer, sizeBytes });
    else this.stream.clear(buffer.handle, sizeBytes);
  }

  /**
   * The contents as of this call, once the GPU has got there. The buffer may be freed or overwritten at once after calling.
   * Rejects, rather than returning zeros, if anything before it failed.
   */
  async read(buffer: GpuBuffer, sizeBytes: number): Promise<Uint8Array> {
    this.errors.throwIfAny();
    this.refuseWhileRecording('read');
    const staging = this.staging.acquire(sizeBytes, 'readback');
    const alignedBytes = Math.ceil(sizeBytes / 4) * 4;
    this.stream.copy(buffer.handle, 0, staging.handle, 0, alignedBytes);
    this.stream.submit();
    try {
      await this.whenDone(() => staging.handle.mapAsync(GPUMapMode.READ, 0, alignedBytes));
    } catch (error) {
      throw await this.errors.causeOf(error);
    }
    const bytes = new Uint8Array(staging.handle.getMappedRange(0, alignedBytes)).slice(0, sizeBytes);
    staging.handle.unmap();
    this.staging.release(staging);
    await this.errors.settle();
    return bytes;
  }

  /** Sends what is encoded to the GPU without waiting. */
  submit(): void {
    this.errors.throwIfAny();
    this.stream.submit();
  }

  /** Waits until the GPU has done everything encoded so far. */
  async finish(): Promise<void> {
    this.submit();
    await this.whenDone(() => this.gpu.queue.onSubmittedWorkDone());
    await this.errors.settle();
  }

  private whenDone<T>(ask: () => Promise<T>): Promise<T> {
    return this.options.wait ? this.options.wait(ask) : ask();
  }

  /** Gives unused pooled memory back to the driver. */
  trim(): void {
    this.stream.submit();
    this.cache.forgetBindGroups();
    this.replayer.release();
    this.pool.trim();
    this.staging.trim();
  }

  memory(): PoolStatistics {
    return this.pool.statistics();
  }

  /** `memory().peakUsedBytes` is that of what follows. */
  resetPeak(): void {
    this.pool.resetPeak();
  }

  /** Counters since the device was opened: all flat in a warm loop except dispatches and submits. */
  counters(): { pipelines: number; bindGroups: number; dispatches: number; submits: number } {
    return { ...this.cache.created, ...this.stream.total };
  }

  /** Several lines for a person: adapter, features, main limits. */
  report(): string {
    const { description, features, limits, isSoftware } = this.info;
    return [
      `adapter    ${description}${isSoftware ? ' (software)' : ''}`,
      `features   ${features.length > 0 ? features.join(', ') : 'none'}`,
      `limits     binding ${formatBytes(limits.maxStorageBufferBindingSize)}, buffer ${formatBytes(limits.maxBufferSize)}, ` +
        `workgroup ${limits.maxComputeInvocationsPerWorkgroup} invocations, ${formatBytes(limits.maxComputeWorkgroupStorageSize)} shared`,
    ].join('\n');
  }

  /** Frees everything. Later calls throw DeviceLostError. */
  destroy(): void {
    this.errors.close();
    this.gpu.destroy();
    this.options.onDestroy();
  }
}
