// The device of the gpu tests: whatever adapter there is. A missing one fails the tests; nothing skips.
import { afterAll } from 'vitest';
import { type Device, openDevice } from '../../src/device/index.js';

/**
 * Opens a device whose freshly allocated buffers are filled with NaN, so that a kernel that leaves a hole is seen. To be called
 * at the top of a test file; it is destroyed after the file's last test.
 */
export async function testDevice(): Promise<Device> {
  const device = await openDevice({ poison: true, warn: () => {} });
  afterAll(() => device.destroy());
  return device;
}
