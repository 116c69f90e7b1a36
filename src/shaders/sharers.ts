// Weights that all invocations of a subgroup need at once: each of a few invocations loads a part, and hands it on in registers. On a software
// adapter a load costs many multiply-adds, and is made for each invocation on its own.

import type { Device, Kernel } from '../device/index.js';

/** Of WebGPU: https://www.w3.org/TR/webgpu/#gpuadapterinfo. */
const LEAST_SUBGROUP = 4;

/**
 * Most invocations that can share out the loading of `quads` weights of four: a power of two that divides `quads`, 1 where there are no
 * subgroups.
 * @param alike invocations in a row that need the same weights; if not given, all of a workgroup.
 */
export function mostSharers(device: Device, quads: number, alike?: number): number {
  if (!device.has('subgroups')) return 1;
  const least = Number(device.info.adapter.subgroupMinSize ?? LEAST_SUBGROUP);
  if (alike !== undefined && !(device.info.isSoftware && alike % largestSubgroup(device) === 0)) return 1;
  let sharers = 1;
  while (sharers * 2 <= least && quads % (sharers * 2) === 0) sharers *= 2;
  return sharers;
}

/** On software adapters, invocations in a row of `local_invocation_index`; WebGPU does not promise that elsewhere. */
export function largestSubgroup(device: Device): number {
  return Number(device.info.adapter.subgroupMaxSize ?? Number.NaN);
}

/** Those that are used unless something else was measured. On a GPU one: there, such a load is one for a whole subgroup anyway. */
export function usualSharers(device: Device, quads: number, alike?: number): number {
  if (!device.info.isSoftware) return 1;
  const most = mostSharers(device, quads, alike);
  // On SwiftShader, handing on for two costs more than the load.
  return device.info.kind === 'swiftshader' && most < 4 ? 1 : most;
}

/** The variant for so many. Such kernels declare `const SHARERS: u32 = 1;`, `fn subgroup_lane` and `fn from_sharer`. */
export function withSharers(kernel: Kernel, sharers: number): Kernel {
  if (sharers === 1) return kernel;
  return kernel.with({
    SHARERS: sharers,
    subgroup_lane: 'subgroupExclusiveAdd(1u)',
    from_sharer: 'subgroupShuffle(value, sharer)',
  });
}
