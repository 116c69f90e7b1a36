// Adapters in Node, through Dawn (npm package `webgpu`). Importing this file makes it the source of all adapters.
// Order of preference: hardware, then Mesa's lavapipe, then the SwiftShader of the optional package `@sparticuz/chromium`.

import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { AdapterError } from '../errors.js';
import {
  type AdapterRequest,
  adapterKind,
  adapterOptions,
  choiceMismatch,
  describeAdapterInfo,
  type FoundAdapter,
  setGpuProvider,
} from '../gpu_provider.js';
import { waitIdly } from './idle_loop.node.js';
import {
  DRIVER_VARIABLES,
  hasVulkanLoader,
  lavapipeDriverFile,
  mountedNvidiaDriverFile,
  provideVulkanLoader,
  swiftshaderDriverFile,
  systemDriverFiles,
} from './software_adapter.node.js';

setGpuProvider(findDawnAdapter);

/** One way to an adapter. */
interface Attempt {
  what: string;
  /** Vulkan driver file to use instead of the system's. Throws if there is none. */
  driverFile?: () => Promise<string>;
}

/**
 * Instances of devices in use. Dawn keeps no reference from a device to its instance: once that is collected, the next
 * call on the device ends the process with a segmentation fault (webgpu 0.6.2).
 */
const alive = new Set<GPU>();

/**
 * Time between the end of a device and that of its instance. Collected at once, while the driver's threads (lavapipe 25.0) still
 * work on what `destroy()` has interrupted, the instance ends the process with a segmentation fault: 21 of 25 command lines
 * that were refused after uploading a model did. Keeps no process from ending.
 */
const RELEASE_DELAY_MS = 10_000;

export async function findDawnAdapter(request: AdapterRequest): Promise<FoundAdapter> {
  const { create, globals } = await importDawn();
  Object.assign(globalThis, globals);
  const tried: string[] = [];
  for (const attempt of await attempts(request, tried)) {
    let restoreEnvironment = () => {};
    try {
      if (attempt.driverFile) restoreEnvironment = useDriver(await attempt.driverFile());
      const gpu = create(createOptions(request));
      const adapter = await gpu.requestAdapter(adapterOptions(attempt.driverFile ? 'auto' : request.adapter));
      if (!adapter) {
        tried.push(`${attempt.what}: no adapter`);
        continue;
      }
      const kind = adapterKind(adapter.info);
      const description = describeAdapterInfo(adapter.info, backendName(request));
      const mismatch = request.backend ? undefined : choiceMismatch(request.adapter, kind);
      tried.push(`${attempt.what}: ${description}${mismatch ? `, ${mismatch}` : ''}`);
      if (mismatch) continue;
      alive.add(gpu);
      return {
        adapter,
        isSoftware: kind !== 'hardware',
        kind,
        description,
        tried,
        ...(kind === 'hardware' ? {} : { wait: waitIdly }),
        release: () => void setTimeout(() => alive.delete(gpu), RELEASE_DELAY_MS).unref(),
      };
    } catch (error) {
      tried.push(`${attempt.what}: ${(error as Error).message}`);
    } finally {
      restoreEnvironment();
    }
  }
  throw new AdapterError(noAdapterMessage(request, tried));
}

async function importDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new AdapterError(
      `no GPU adapter: the npm package webgpu does not load on ${process.platform} ${process.arch}: ${reason}`,
    );
  }
}

/** What Dawn is started with. */
export function createOptions({ backend, dawnToggles }: AdapterRequest): string[] {
  // Unsafe APIs: matrix units. Quantisation: rounds timestamps to 65.5 microseconds, against snooping web pages.
  const enable = ['allow_unsafe_apis', ...(dawnToggles?.enable ?? [])];
  const disable = ['timestamp_quantization', ...(dawnToggles?.disable ?? [])];
  return [
    `enable-dawn-features=${enable.join(',')}`,
    `disable-dawn-features=${disable.join(',')}`,
    ...(backend ? [`backend=${backend}`] : []),
  ];
}

/** What to try, best first. Reports in `tried` what is left out and why. */
async function attempts({ adapter: choice, backend }: AdapterRequest, tried: string[]): Promise<Attempt[]> {
  if (backend) return [{ what: `Dawn's ${backend} backend` }];
  const system: Attempt = { what: `the system's ${backendName({})} drivers` };
  if (process.platform !== 'linux') return [system];

  const loader = await ensureLoader(tried);
  if (!loader) return [];
  const named = DRIVER_VARIABLES.find((name) => process.env[name]);
  if (named) return namedDrivers(named, tried);

  const swiftshader: Attempt = { what: 'packaged SwiftShader', driverFile: swiftshaderDriverFile };
  const nvidia = mountedNvidiaDriverFile();
  const mounted: Attempt[] = nvidia ? [{ what: nvidia, driverFile: async () => nvidia }] : [];
  if (choice === 'hardware') return [...mounted, system];
  if (choice === 'auto') {
    // Asking a loader that has no drivers makes Dawn print a page of warnings.
    if (systemDriverFiles().length > 0) return [...mounted, system, swiftshader];
    tried.push(`${system.what}: none installed`);
    return [...mounted, swiftshader];
  }
  const lavapipe = lavapipeDriverFile();
  if (lavapipe) return [{ what: 'lavapipe', driverFile: async () => lavapipe }, swiftshader];
  tried.push('lavapipe: not installed');
  return [swiftshader];
}

/** The drivers that the user names. A loader that finds none of the files makes Dawn print a page of warnings. */
function namedDrivers(variable: string, tried: string[]): Attempt[] {
  const files = process.env[variable]!;
  const what = `${variable}=${files} (set in the environment)`;
  if (files.split(delimiter).some((file) => existsSync(file))) return [{ what }];
  tried.push(`${what}: no such file`);
  return [];
}

/** Makes sure that there is a Vulkan loader: the system's, or that of the optional package. */
async function ensureLoader(tried: string[]): Promise<boolean> {
  if (hasVulkanLoader()) return true;
  tried.push('Vulkan loader of the system: none');
  try {
    await provideVulkanLoader();
    return true;
  } catch (error) {
    tried.push(`packaged Vulkan loader: ${(error as Error).message}`);
    return false;
  }
}

/** Names the one driver that the Vulkan loader shall use from now on. Returns how to undo it. */
function useDriver(file: string): () => void {
  const [variable] = DRIVER_VARIABLES;
  process.env[variable] = file;
  return () => void delete process.env[variable];
}

function backendName({ backend }: Pick<AdapterRequest, 'backend'>): string {
  if (backend) return `${backend} backend`;
  return { darwin: 'Metal', win32: 'Direct3D 12' }[process.platform as string] ?? 'Vulkan';
}

function noAdapterMessage({ adapter: choice }: AdapterRequest, tried: readonly string[]): string {
  const hardware = "the GPU's driver and, on Linux, the Vulkan loader (Debian and Ubuntu: libvulkan1)";
  const software = 'npm install @sparticuz/chromium (Linux on x86-64) or mesa-vulkan-drivers 23 or newer';
  const advice = {
    auto: `For a GPU, install ${hardware}; for a software adapter, ${software}`,
    hardware: `Install ${hardware}, or ask for adapter 'auto' or 'software'`,
    software: `Install one: ${software}`,
  }[choice];
  return `no ${choice === 'auto' ? 'GPU' : choice} adapter found. Tried ${tried.join('; ')}. ${advice}`;
}
