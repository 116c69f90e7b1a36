// WebGPU in Node for engines that expect a browser: the globals that they look for, on the adapter that Dawn offers first.
import { create, globals } from 'webgpu';

export async function installWebGpu() {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // Held for as long as the process lives: Dawn must not be collected while anything on the GPU lives.
  globalThis.gpu = gpu;
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('peers: no WebGPU adapter found');
  return adapter.info.device || adapter.info.description;
}
