// openDevice(): the same call in Node and in a browser.

import { InputError } from '../host/input_error.js';
import { Device, type DeviceInfo } from './device.js';
import { ADAPTER_CHOICES, type AdapterChoice, findAdapter } from './gpu_provider.js';

export interface OpenDeviceOptions {
  /** `auto` prefers hardware and falls back to software with a warning. */
  adapter?: AdapterChoice;
  /** Where warnings go. Default: `console.warn`. */
  warn?: (message: string) => void;
  /** Dawn toggles, in Node only, for experiments; see docs/performance.md. */
  dawnToggles?: { enable?: string[]; disable?: string[] };
  /** `null` compiles shaders and executes nothing; for compile tests in Node. */
  backend?: 'null';
  /** Whether f16 convolutions may use the matrix units of a GPU. Default: on hardware, where they are fast. In Node only. */
  matrixUnits?: boolean;
  /** Fill every buffer that is handed out with NaN: for tests, so that unwritten results are seen. */
  poison?: boolean;
}

const MATRIX_UNITS = 'chromium-experimental-subgroup-matrix';

/** Features used when the adapter has them. */
const WANTED_FEATURES = ['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query', MATRIX_UNITS] as const;

const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Opens a GPU device with everything that the adapter offers.
 * @throws AdapterError if there is no adapter of the kind asked for; its message says what was tried and what to install.
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<Device> {
  const { adapter: choice = 'auto', warn = console.warn, dawnToggles, backend, poison = false } = options;
  if (!ADAPTER_CHOICES.includes(choice)) {
    throw new InputError(`openDevice: expected an adapter among ${ADAPTER_CHOICES.join(', ')}, got ${choice}`);
  }
  const found = await findAdapter({ adapter: choice, dawnToggles, backend });
  const { adapter } = found;
  const { matrixUnits = !found.isSoftware } = options;
  const requiredFeatures = WANTED_FEATURES.filter(
    (name) => adapter.features.has(name as GPUFeatureName) && (name !== MATRIX_UNITS || matrixUnits),
  ) as GPUFeatureName[];
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name] as number]));
  const gpu = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  const info: DeviceInfo = {
    description: found.description,
    kind: found.kind,
    isSoftware: found.isSoftware,
    features: [...requiredFeatures],
    limits: Object.fromEntries(WANTED_LIMITS.map((name) => [name, gpu.limits[name] as number])),
    adapter: describeAdapter(adapter.info),
  };
  if (found.isSoftware && choice === 'auto' && backend === undefined) {
    warn(
      `warning: no hardware GPU found; running on a software adapter (${found.description}), many times slower than a GPU`,
    );
  }
  return new Device(gpu, info, { wait: found.wait, onDestroy: () => found.release(), poison });
}

/** The adapter's own account of itself as plain data; newer fields (subgroup sizes, matrix shapes) where they exist. */
function describeAdapter(info: GPUAdapterInfo): Record<string, unknown> {
  const names = [
    'vendor',
    'architecture',
    'device',
    'description',
    'backend',
    'subgroupMinSize',
    'subgroupMaxSize',
    'subgroupMatrixConfigs',
  ];
  const record = info as unknown as Record<string, unknown>;
  return Object.fromEntries(names.filter((name) => record[name] !== undefined).map((name) => [name, record[name]]));
}
