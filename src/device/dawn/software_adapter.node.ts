// Vulkan on Linux as Node finds it: the loader library, the drivers that are installed, and the packaged SwiftShader for
// machines that have neither. Dawn asks the loader, the loader asks the drivers named in VK_DRIVER_FILES or in system folders.

import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { unpackPackaged } from './packaged_archive.node.js';

/** Variables by which a user names drivers; the second is the older spelling. */
export const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const;

const LOADER = 'libvulkan.so.1';

export function hasVulkanLoader(): boolean {
  return makeResident(LOADER);
}

/** Driver files in the folders where the Vulkan loader looks for them (Vulkan-Loader, docs/LoaderDriverInterface.md). */
export function systemDriverFiles(): string[] {
  const { env } = process;
  const home = env.HOME || '/';
  const split = (value: string | undefined, otherwise: string) => (value || otherwise).split(':');
  const roots = [
    env.XDG_CONFIG_HOME || join(home, '.config'),
    ...split(env.XDG_CONFIG_DIRS, '/etc/xdg'),
    '/etc',
    env.XDG_DATA_HOME || join(home, '.local/share'),
    ...split(env.XDG_DATA_DIRS, '/usr/local/share:/usr/share'),
    '/usr/local/share',
    '/usr/share',
    '/run/opengl-driver/share', // NixOS
  ];
  return [...new Set(roots)].flatMap((root) => jsonFiles(join(root, 'vulkan', 'icd.d')));
}

/**
 * Where NVIDIA's driver is mounted into containers of Kubernetes clusters (Google's device plugin), a folder that no loader looks
 * into.
 */
const NVIDIA_MOUNT = '/usr/local/nvidia/share/vulkan/icd.d';

/** NVIDIA's driver file where only `VK_DRIVER_FILES` would find it. */
export function mountedNvidiaDriverFile(folder = NVIDIA_MOUNT): string | undefined {
  return jsonFiles(folder)[0];
}

function jsonFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Driver file of Mesa's lavapipe, the faster of the two software adapters; some systems list a 32-bit one beside it. */
export function lavapipeDriverFile(): string | undefined {
  return systemDriverFiles().find((path) => /\/lvp_icd(\.x86_64|\.aarch64)?\.json$/.test(path));
}

/**
 * Unpacks SwiftShader from the optional package and returns its driver file.
 * @throws PackageMissingError
 */
export async function swiftshaderDriverFile(): Promise<string> {
  return join(await unpackPackaged('swiftshader', ['swiftshader.tar.br']), 'vk_swiftshader_icd.json');
}

/**
 * Lets Dawn find the Vulkan loader of the optional package where the system has none. It loads the system's drivers too.
 *
 * Workaround. Symptom: Dawn opens `libvulkan.so.1` by that name only, and a process cannot extend its own library path.
 * A library that is already resident answers to its name, so we load it with the one call that Node has for this; Node
 * then reports that it is no Node add-on and closes it, hence RTLD_NODELETE. To delete when `webgpu` takes a path.
 */
export async function provideVulkanLoader(): Promise<void> {
  makeResident(join(await unpackPackaged('swiftshader', ['swiftshader.tar.br']), LOADER));
}

/** Loads a shared library into the process for good. Returns whether it could be loaded. */
function makeResident(library: string): boolean {
  const RTLD_NODELETE = 0x1000;
  const { RTLD_LAZY, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, library, RTLD_LAZY | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    return (error as Error).message.includes('did not self-register');
  }
  return true;
}
