// Where a GPU adapter comes from: Dawn in Node (gpu_provider.node.ts registers itself), `navigator.gpu` in a browser.

import { AdapterError } from './errors.js';

/** `auto` takes hardware where there is any and software otherwise; the other two refuse what they do not name. */
export const ADAPTER_CHOICES = ['auto', 'hardware', 'software'] as const;
export type AdapterChoice = (typeof ADAPTER_CHOICES)[number];

export type AdapterKind = 'hardware' | 'lavapipe' | 'swiftshader' | 'null' | 'other-software';

export interface AdapterRequest {
  adapter: AdapterChoice;
  /** Dawn toggles, in Node only. */
  dawnToggles?: { enable?: string[]; disable?: string[] };
  /** `null` compiles shaders and executes nothing; in Node only. */
  backend?: 'null';
}

export interface FoundAdapter {
  adapter: GPUAdapter;
  isSoftware: boolean;
  kind: AdapterKind;
  /** One line: device, driver, backend. */
  description: string;
  /** What was tried on the way to this adapter, this one included. */
  tried: string[];
  /** The result of `ask`, waited for as suits the adapter; just `ask()` if not given. */
  wait?<T>(ask: () => Promise<T>): Promise<T>;
  /** Drops the provider's reference to the GPU instance, so that it can be freed. Call it last, and only once. */
  release(): void;
}

export type GpuProvider = (request: AdapterRequest) => Promise<FoundAdapter>;

let registered: GpuProvider | undefined;

/** Makes `provider` the source of all adapters, in place of `navigator.gpu`. */
export function setGpuProvider(provider: GpuProvider): void {
  registered = provider;
}

/** @throws AdapterError if there is no adapter of the kind asked for. */
export function findAdapter(request: AdapterRequest): Promise<FoundAdapter> {
  return (registered ?? findBrowserAdapter)(request);
}

async function findBrowserAdapter({ adapter: choice, backend }: AdapterRequest): Promise<FoundAdapter> {
  if (backend !== undefined) throw new AdapterError(`backend '${backend}': expected Node, this is a browser`);
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) throw new AdapterError(NO_WEBGPU);
  const adapter = await gpu.requestAdapter(adapterOptions(choice));
  if (!adapter) {
    throw new AdapterError(
      `no ${choice === 'auto' ? 'WebGPU' : choice} adapter: the browser has WebGPU but offers none (tried navigator.gpu). ` +
        'See chrome://gpu or about:support; on Linux, Chrome needs --enable-unsafe-webgpu and a Vulkan driver',
    );
  }
  const kind = adapterKind(adapter.info);
  const description = describeAdapterInfo(adapter.info, 'browser');
  const mismatch = choiceMismatch(choice, kind);
  if (mismatch) throw new AdapterError(`no ${choice} adapter: navigator.gpu offers ${description}, ${mismatch}`);
  return {
    adapter,
    isSoftware: kind !== 'hardware',
    kind,
    description,
    tried: ['navigator.gpu'],
    release: () => {},
  };
}

const NO_WEBGPU =
  'no WebGPU here: navigator.gpu is missing. Browsers that have it: Chrome and Edge 113, Safari 26, Firefox 141 or newer ' +
  '(Chrome on Linux: --enable-unsafe-webgpu), on https or localhost pages. In Node, import "shuffleblock" first: its Node entry brings Dawn';

/** What to ask `requestAdapter()` for. */
export function adapterOptions(choice: AdapterChoice): GPURequestAdapterOptions {
  return choice === 'software' ? { forceFallbackAdapter: true } : { powerPreference: 'high-performance' };
}

export function adapterKind(info: GPUAdapterInfo): AdapterKind {
  if (info.device === 'null-backend') return 'null';
  const text = `${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (text.includes('swiftshader')) return 'swiftshader';
  if (text.includes('llvmpipe')) return 'lavapipe';
  return info.isFallbackAdapter ? 'other-software' : 'hardware';
}

/** Why an adapter of this kind is not what was asked for, or undefined if it is. */
export function choiceMismatch(choice: AdapterChoice, kind: AdapterKind): string | undefined {
  if (choice === 'hardware' && kind !== 'hardware') return 'a software adapter';
  if (choice === 'software' && kind === 'hardware') return 'a hardware adapter';
  return undefined;
}

/** Device, driver and backend in one line; browsers hide some of them. */
export function describeAdapterInfo(info: GPUAdapterInfo, backend: string): string {
  const device = info.device.replace(/-+$/, '') || [info.vendor, info.architecture].filter(Boolean).join(' ');
  return [device || 'unnamed adapter', info.description, backend].filter(Boolean).join(', ');
}
