// One stream of GPU work: dispatches and copies are encoded in order and submitted in few, large submits.

/**
 * Dispatches per submit: enough for a training step, since a software adapter that starts in the middle takes the core that the host encodes
 * the rest on; few enough that a driver's watchdog does not see many steps as one.
 */
const DISPATCHES_PER_SUBMIT = 512;

/** A command with everything that it takes to encode it. */
export type BoundCommand =
  | {
      readonly type: 'dispatch';
      readonly pipeline: GPUComputePipeline;
      readonly bindGroup: GPUBindGroup;
      readonly grid: readonly [number, number, number];
    }
  | { readonly type: 'copy'; readonly source: GPUBuffer; readonly target: GPUBuffer; readonly sizeBytes: number }
  | { readonly type: 'clear'; readonly target: GPUBuffer; readonly sizeBytes: number };

export class CommandStream {
  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;
  private pending = 0;
  /** Counters for tests and profiles. */
  readonly total = { dispatches: 0, submits: 0 };

  constructor(private readonly gpu: GPUDevice) {}

  encode(command: BoundCommand): void {
    if (command.type === 'dispatch') this.dispatch(command.pipeline, command.bindGroup, command.grid);
    else if (command.type === 'copy') this.copy(command.source, 0, command.target, 0, command.sizeBytes);
    else this.clear(command.target, command.sizeBytes);
  }

  dispatch(pipeline: GPUComputePipeline, bindGroup: GPUBindGroup, grid: readonly [number, number, number]): void {
    this.pass ??= this.commands().beginComputePass();
    this.pass.setPipeline(pipeline);
    this.pass.setBindGroup(0, bindGroup);
    this.pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    this.total.dispatches++;
    if (++this.pending >= DISPATCHES_PER_SUBMIT) this.submit();
  }

  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, targetOffset: number, sizeBytes: number): void {
    this.endPass();
    this.commands().copyBufferToBuffer(source, sourceOffset, target, targetOffset, sizeBytes);
    this.pending++;
  }

  clear(target: GPUBuffer, sizeBytes: number): void {
    this.endPass();
    this.commands().clearBuffer(target, 0, sizeBytes);
    this.pending++;
  }

  /** Uploads after everything encoded so far: a queue write would otherwise overtake the open encoder. */
  write(target: GPUBuffer, offset: number, bytes: Uint8Array): void {
    this.submit();
    this.gpu.queue.writeBuffer(target, offset, bytes, 0, bytes.byteLength);
  }

  submit(): void {
    if (!this.encoder) return;
    this.endPass();
    this.gpu.queue.submit([this.encoder.finish()]);
    this.encoder = undefined;
    this.pending = 0;
    this.total.submits++;
  }

  private commands(): GPUCommandEncoder {
    this.encoder ??= this.gpu.createCommandEncoder();
    return this.encoder;
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = undefined;
  }
}
