// The device of the gpu tests: whatever adapter there is. A missing one fails the tests; nothing skips.
import { type Device, openDevice } from '../../src/device/index.js';

/** Opens a device whose freshly allocated buffers are filled with NaN, so that a kernel that leaves a hole is seen. */
export function testDevice(): Promise<Device> {
  return openDevice({ poison: true, warn: () => {} });
}
