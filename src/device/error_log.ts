// WebGPU reports errors late and elsewhere. This collects them and hands the first one to the next foreground call.

import { DeviceLostError, DeviceMemoryError, KernelError } from './errors.js';

export class ErrorLog {
  private first: Error | undefined;
  private readonly checks = new Set<Promise<void>>();
  private lost: DeviceLostError | undefined;
  private closing = false;

  constructor(private readonly gpu: GPUDevice) {
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault?.();
      this.report(translate((event as GPUUncapturedErrorEvent).error));
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

  report(error: Error): void {
    this.first ??= error;
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

  /**
   * Runs `create` inside an error scope; a validation error becomes a KernelError that names the kernel and, from
   * the compilation messages of its module, line and column.
   */
  guardCreation<T>(kernelPath: string, create: () => { result: T; module: GPUShaderModule }): T {
    this.gpu.pushErrorScope('validation');
    const { result, module } = create();
    const check = this.gpu
      .popErrorScope()
      .then(async (error) => {
        if (error) this.report(await describeCreationError(kernelPath, module, error.message));
      })
      .catch(() => {}) // The device was lost; `lost` tells.
      .finally(() => this.checks.delete(check));
    this.checks.add(check);
    return result;
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
  const path = /[\w/]+\.wgsl/.exec(error.message)?.[0] ?? 'unknown kernel';
  return new KernelError(`${path}: ${error.message}`, path);
}
