// The device of the gpu tests: whatever adapter there is. A missing one fails the tests; nothing skips.
import { afterAll } from 'vitest';
import { type Device, openDevice } from '../../src/device/index.js';

/** Set, kernels are cut as for a GPU on a software adapter too: in other tiles, with more threads on a row. */
const AS_GPU = Boolean(globalThis.process?.env.AS_GPU);

/**
 * Opens a device whose freshly allocated buffers are filled with NaN, so that a kernel that leaves a hole is seen. To be called
 * at the top of a test file; it is destroyed after the file's last test.
 */
export async function testDevice(): Promise<Device> {
  const device = await openDevice({ poison: true, warn: () => {} });
  afterAll(() => device.destroy());
  return AS_GPU ? asGpu(device) : device;
}

/** The same device, were it a GPU: operations go by what it says of itself. */
export function asGpu(device: Device): Device {
  return Object.create(device, { info: { value: { ...device.info, isSoftware: false, kind: 'hardware' } } });
}
