// Everything that an adapter says of itself, as plain data, and what Dawn's switches would change about it.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type AdapterChoice, type AdapterRequest, findAdapter } from '../gpu_provider.js';
import { createOptions } from './gpu_provider.node.js';

export interface AdapterReport {
  /** One line: device, driver, backend. */
  readonly description: string;
  readonly kind: string;
  readonly isSoftware: boolean;
  /** What was tried on the way to this adapter, this one included. */
  readonly tried: readonly string[];
  readonly info: Readonly<Record<string, unknown>>;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly subgroupMatrixConfigs: readonly unknown[];
  readonly dawn: DawnReport;
}

export interface DawnReport {
  /** Version of the npm package `webgpu`. */
  readonly version: string;
  /** What `openDevice` starts Dawn with: the toggles that it enables and disables. */
  readonly options: readonly string[];
  /** Of TOGGLES, those whose names this build of Dawn holds. It accepts any name and lists none. */
  readonly known: readonly string[];
  /** What an adapter gains by one of FEATURE_TOGGLES. */
  readonly gains: readonly ToggleGain[];
}

export interface ToggleGain {
  readonly toggle: string;
  readonly features: readonly string[];
  readonly subgroupMatrixConfigs: readonly unknown[];
}

/** Toggles that matter to compute shaders: features withheld, checks, clearing, how WGSL is compiled (Dawn, Toggles.cpp). */
export const TOGGLES: readonly string[] = [
  'allow_unsafe_apis',
  'timestamp_quantization',
  'vulkan_enable_f16_on_nvidia',
  'disable_robustness',
  'skip_validation',
  'disable_workgroup_init',
  'disable_polyfills_on_integer_div_and_mod',
  'lazy_clear_resource_on_first_use',
  'use_vulkan_memory_model',
];

/** Those that add features to an adapter. */
const FEATURE_TOGGLES: readonly string[] = ['vulkan_enable_f16_on_nvidia'];

/** @throws AdapterError if there is none of that kind. */
export async function reportAdapter(choice: AdapterChoice): Promise<AdapterReport> {
  const plain = await describe({ adapter: choice });
  const { version, known } = inspectDawn();
  const gains: ToggleGain[] = [];
  for (const toggle of FEATURE_TOGGLES.filter((name) => known.includes(name))) {
    const changed = await describe({ adapter: choice, dawnToggles: { enable: [toggle] } });
    const features = changed.features.filter((name) => !plain.features.includes(name));
    gains.push({ toggle, features, subgroupMatrixConfigs: changed.subgroupMatrixConfigs });
  }
  return { ...plain, dawn: { version, options: createOptions({ adapter: choice }), known, gains } };
}

async function describe(request: AdapterRequest): Promise<Omit<AdapterReport, 'dawn'>> {
  const { adapter, description, kind, isSoftware, tried, release } = await findAdapter(request);
  try {
    const { subgroupMatrixConfigs = [], ...info } = fieldsOf(adapter.info);
    return {
      ...{ description, kind, isSoftware, tried, info },
      features: [...adapter.features].sort(),
      limits: fieldsOf(adapter.limits) as Record<string, number>,
      subgroupMatrixConfigs: (subgroupMatrixConfigs as object[]).map(fieldsOf),
    };
  } finally {
    release();
  }
}

/** Own and inherited fields: WebGPU's objects have getters on their prototypes. */
function fieldsOf(object: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name in object) fields[name] = (object as Record<string, unknown>)[name];
  return fields;
}

/** The package's version, and which names of toggles its binary holds. */
function inspectDawn(): { version: string; known: string[] } {
  const folder = dirname(createRequire(import.meta.url).resolve('webgpu'));
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const platform = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
  const binaries = join(folder, 'dist', platform);
  const files = readdirSync(binaries).filter((name) => name.endsWith('.node'));
  const contents = files.map((name) => readFileSync(join(binaries, name)));
  return { version, known: TOGGLES.filter((toggle) => contents.some((bytes) => bytes.includes(`\0${toggle}\0`))) };
}
