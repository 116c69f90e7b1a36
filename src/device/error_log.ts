// WebGPU reports errors late and elsewhere. This collects them and hands the first one to the next foreground call.

import { DeviceLostError, DeviceMemoryError, KernelError } from './errors.js';

export class ErrorLog {
  private first: Error | undefined;
  private readonly checks = new Set<Promise<void>>();
  /** An error that may be the mere consequence of what an outstanding check is about to tell. */
  private held: Error | undefined;
  /** Why kernels could not be created, by path. */
  private readonly failed = new Map<string, KernelError>();
  private lost: DeviceLostError | undefined;
  private closing = false;

  constructor(private readonly gpu: GPUDevice) {
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault?.();
      const { error } = event as GPUUncapturedErrorEvent;
      const translated = this.causeOfInvalid(error.message) ?? translate(error);
      if (this.checks.size > 0) this.held ??= translated;
      else this.report(translated);
    });
    gpu.lost.then((info) => {
      if (this.closing) this.lost = new DeviceLostError('the device was destroyed by its owner');
      else
        this.lost = new DeviceLostError(`the GPU device was lost: ${info.message || info.reason || 'no reason given'}`);
    });
  }

  /** Marks a loss that follows as wanted. */
  close(): void {
    this.closing = true;
    this.lost = new DeviceLostError('the device was destroyed by its owner');
  }

  private report(error: Error): void {
    this.first ??= error;
  }

  /** The use of a pipeline that could not be created is answered with why it could not. */
  private causeOfInvalid(message: string): KernelError | undefined {
    const path = /\[Invalid ComputePipeline "([^"]+)"\]/.exec(message)?.[1];
    return path === undefined ? undefined : this.failed.get(path);
  }

  /** The last check is done: what was held is told, unless a check has told its cause. */
  private releaseHeld(): void {
    if (this.held && !this.causeOfInvalid(this.held.message)) this.report(this.held);
    this.held = undefined;
  }

  /** Throws what went wrong since the last call. A lost device throws for ever. */
  throwIfAny(): void {
    if (this.lost) throw this.lost;
    const error = this.first;
    this.first = undefined;
    if (error) throw error;
  }

  /** Waits for the outstanding checks, then throws what they found. */
  async settle(): Promise<void> {
    while (this.checks.size > 0) await Promise.all(this.checks);
    this.throwIfAny();
  }

  /** Why an asynchronous call was rejected: an error noted before it, or the loss of the device, which is told a little later. */
  async causeOf(rejection: unknown): Promise<unknown> {
    await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    try {
      await this.settle();
    } catch (error) {
      return error;
    }
    return rejection;
  }

  /** Runs `create` inside an error scope; if there is no memory, a DeviceMemoryError is noted, and `onFailure` called. */
  guardAllocation<T>(create: () => T, onFailure: () => void): T {
    this.gpu.pushErrorScope('out-of-memory');
    const result = create();
    this.track(
      this.gpu.popErrorScope().then((error) => {
        if (!error) return;
        this.report(translate(error));
        onFailure();
      }),
    );
    return result;
  }

  /**
   * Runs `create` inside an error scope; a validation error becomes a KernelError that names the kernel and, from
   * the compilation messages of its module, line and column. It also goes to `onFailure`.
   */
  guardCreation<T>(
    kernelPath: string,
    create: () => { result: T; module: GPUShaderModule },
    onFailure: (error: KernelError) => void,
  ): T {
    this.gpu.pushErrorScope('validation');
    const { result, module } = create();
    this.track(
      this.gpu.popErrorScope().then(async (error) => {
        if (!error) return;
        const failure = await describeCreationError(kernelPath, module, error.message);
        this.failed.set(kernelPath, failure);
        this.report(failure);
        onFailure(failure);
      }),
    );
    return result;
  }

  /** `settle` waits for `outstanding`. */
  private track(outstanding: Promise<void>): void {
    const check = outstanding
      .catch(() => {}) // The device was lost; `lost` tells.
      .finally(() => {
        this.checks.delete(check);
        if (this.checks.size === 0) this.releaseHeld();
      });
    this.checks.add(check);
  }
}

async function describeCreationError(path: string, module: GPUShaderModule, message: string): Promise<KernelError> {
  const { messages } = await module.getCompilationInfo();
  const found = messages.find((entry) => entry.type === 'error');
  if (!found) return new KernelError(`${path}: ${message}`, path);
  return new KernelError(
    `${path}:${found.lineNum}:${found.linePos}: ${found.message}`,
    path,
    found.lineNum,
    found.linePos,
  );
}

function translate(error: GPUError): Error {
  if (error.constructor.name === 'GPUOutOfMemoryError')
    return new DeviceMemoryError(`out of GPU memory: ${error.message}`);
  const path = /[\w./-]+\.wgsl/.exec(error.message)?.[0] ?? 'unknown kernel';
  return new KernelError(`${path}: ${error.message}`, path);
}
