import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mountedNvidiaDriverFile } from '../../src/device/dawn/software_adapter.node.js';
import { AdapterError } from '../../src/device/errors.js';
import { adapterKind, choiceMismatch, describeAdapterInfo, findAdapter } from '../../src/device/gpu_provider.js';
import { runNodeScript } from '../support/node_script.node.js';

const info = (fields: Partial<GPUAdapterInfo>) =>
  ({
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    isFallbackAdapter: false,
    ...fields,
  }) as GPUAdapterInfo;

const LAVAPIPE = info({
  vendor: 'mesa',
  device: 'llvmpipe-llvm-15-',
  description: 'llvmpipe: Mesa 25',
  isFallbackAdapter: true,
});
const CHROME_SOFTWARE = info({ vendor: 'google', architecture: 'swiftshader', isFallbackAdapter: true });
const NVIDIA = info({ vendor: 'nvidia', architecture: 'hopper', device: 'nvidia-h100', description: 'NVIDIA: 580.1' });

describe('an adapter', () => {
  it.each([
    ['lavapipe', LAVAPIPE],
    ['swiftshader', CHROME_SOFTWARE],
    ['hardware', NVIDIA],
    ['other-software', info({ description: 'Microsoft Basic Render Driver', isFallbackAdapter: true })],
    ['null', info({ device: 'null-backend' })],
  ])('is known as %s', (kind, adapterInfo) => expect(adapterKind(adapterInfo)).toBe(kind));

  it('is described in one line, with what a browser hides left out', () => {
    expect(describeAdapterInfo(LAVAPIPE, 'Vulkan')).toBe('llvmpipe-llvm-15, llvmpipe: Mesa 25, Vulkan');
    expect(describeAdapterInfo(CHROME_SOFTWARE, 'browser')).toBe('google swiftshader, browser');
    expect(describeAdapterInfo(info({}), 'browser')).toBe('unnamed adapter, browser');
  });

  it('must be of the kind asked for', () => {
    expect(choiceMismatch('auto', 'swiftshader')).toBeUndefined();
    expect(choiceMismatch('hardware', 'hardware')).toBeUndefined();
    expect(choiceMismatch('hardware', 'lavapipe')).toBe('a software adapter');
    expect(choiceMismatch('software', 'hardware')).toBe('a hardware adapter');
  });
});

it("NVIDIA's driver is found where it is mounted", () => {
  const folder = mkdtempSync(join(tmpdir(), 'icd-'));
  expect(mountedNvidiaDriverFile(folder)).toBeUndefined();
  writeFileSync(join(folder, 'nvidia_icd.json'), '{}');
  expect(mountedNvidiaDriverFile(folder)).toBe(join(folder, 'nvidia_icd.json'));
  expect(mountedNvidiaDriverFile(join(folder, 'none'))).toBeUndefined();
});

describe('findAdapter in Node', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('finds a software adapter when asked for one, and leaves the environment as it was', async () => {
    const before = { ...process.env };
    const found = await findAdapter({ adapter: 'software' });
    expect(found.isSoftware).toBe(true);
    expect(['lavapipe', 'swiftshader', 'other-software']).toContain(found.kind);
    expect(found.tried.at(-1)).toContain(found.description);
    expect(process.env).toEqual(before);
    found.release();
  });

  it('gives hardware or refuses in one line', async () => {
    const outcome = await findAdapter({ adapter: 'hardware' }).catch((error: Error) => error);
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(AdapterError);
      expect(outcome.message).toMatch(/^no hardware adapter found\. Tried .*\. Install .*libvulkan1.*$/);
    } else {
      expect(outcome.isSoftware).toBe(false);
      outcome.release();
    }
  });

  it.skipIf(process.platform !== 'linux')('tries nothing but the drivers that the user names', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/nonexistent/driver.json');
    await expect(findAdapter({ adapter: 'auto' })).rejects.toThrow(
      /^no GPU adapter found\. Tried [^;]*VK_DRIVER_FILES=\/nonexistent\/driver\.json \(set in the environment\): no such file\. /,
    );
  });

  it('gives the null backend, which computes nothing, when asked', async () => {
    const found = await findAdapter({ adapter: 'auto', backend: 'null' });
    expect(found.kind).toBe('null');
    found.release();
  });

  it('passes Dawn toggles on', async () => {
    const found = await findAdapter({ adapter: 'auto', dawnToggles: { disable: ['allow_unsafe_apis'] } });
    expect(found.adapter.features.has('core-features-and-limits' as GPUFeatureName)).toBe(true);
    found.release();
  });
});

describe('findAdapter in a browser', () => {
  /** A fresh copy of the module, in which no provider is registered. */
  async function browserFindAdapter(gpu: unknown): Promise<typeof findAdapter> {
    vi.resetModules();
    vi.stubGlobal('navigator', { gpu });
    return (await import('../../src/device/gpu_provider.js')).findAdapter;
  }
  const offering = (adapterInfo: GPUAdapterInfo | null) => ({
    requestAdapter: async () => adapterInfo && { info: adapterInfo },
  });
  afterEach(() => vi.unstubAllGlobals());

  it('describes what navigator.gpu offers', async () => {
    const find = await browserFindAdapter(offering(CHROME_SOFTWARE));
    expect(await find({ adapter: 'auto' })).toMatchObject({
      kind: 'swiftshader',
      isSoftware: true,
      description: 'google swiftshader, browser',
    });
  });

  it.each([
    ['no WebGPU', undefined, 'auto', /navigator\.gpu is missing.*Chrome/],
    ['no adapter', offering(null), 'auto', /^no WebGPU adapter: the browser has WebGPU but offers none/],
    ['software for hardware', offering(CHROME_SOFTWARE), 'hardware', /^no hardware adapter: .*swiftshader.*software/],
    ['hardware for software', offering(NVIDIA), 'software', /^no software adapter: .*nvidia-h100.*hardware/],
  ] as const)('refuses %s', async (_, gpu, adapter, message) => {
    const find = await browserFindAdapter(gpu);
    await expect(find({ adapter })).rejects.toThrow(message);
  });
});

describe('a Node process', () => {
  const body = `
    const device = await shuffleblock.openDevice({ warn: () => {} });
    const buffer = device.allocate(16);
    device.write(buffer, Uint8Array.from({ length: 16 }, (_, i) => i));
    console.log([...(await device.read(buffer, 4))].join());`;

  it('ends by itself after destroy()', async () => {
    const ended = await runNodeScript(`${body}\ndevice.destroy();`);
    expect(ended).toMatchObject({ status: 0, signal: null, stdout: '0,1,2,3\n' });
    expect(ended.durationMs).toBeLessThan(20_000);
  });

  it('ends by itself when destroy() is forgotten', async () => {
    const ended = await runNodeScript(`${body}\nglobalThis.kept = device;`);
    expect(ended).toMatchObject({ status: 0, signal: null, stdout: '0,1,2,3\n' });
    expect(ended.durationMs).toBeLessThan(20_000);
  });
});
