/// <reference lib="esnext.disposable" preserve="true" />
// The device room: the only one that touches GPU objects.
export { InputError } from '../host/input_error.js';
export { formatBytes, type GpuBuffer, type PoolStatistics } from './buffer_pool.js';
export { Device, type DeviceInfo, type DeviceOptions, type TimedDispatch } from './device.js';
export { AdapterError, DeviceLostError, DeviceMemoryError, KernelError } from './errors.js';
export { ADAPTER_CHOICES, type AdapterChoice } from './gpu_provider.js';
export type { Workgroups } from './grid.js';
export { Kernel, kernel, type WgslFile } from './kernel.js';
export { type OpenDeviceOptions, openDevice } from './open_device.js';
export type { BufferSlice } from './pipeline_cache.js';
export type { Label, Recording } from './recording/recording.js';
export {
  type Binding,
  type BindingAccess,
  type ParamField,
  parseWgsl,
  type Specialization,
  specialize,
  type WgslLayout,
} from './wgsl.js';
