// What can go wrong with a GPU. Every message says what was wrong, what was expected, and where.

import { InputError } from '../host/input_error.js';

/** No usable adapter, or one that lacks what was asked for. The message lists what was tried and what to install. */
export class AdapterError extends InputError {
  override name = 'AdapterError';
}

/** A shader that does not compile or a dispatch that WebGPU refuses. Names the kernel and, if known, line and column. */
export class KernelError extends Error {
  override name = 'KernelError';
  constructor(
    message: string,
    readonly kernel: string,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(message);
  }
}

/** The GPU device is gone (driver reset, adapter removed, or destroyed by its owner). Nothing read from it is valid. */
export class DeviceLostError extends Error {
  override name = 'DeviceLostError';
}

/** More GPU memory asked for than the device can bind or hold. */
export class DeviceMemoryError extends Error {
  override name = 'DeviceMemoryError';
}
