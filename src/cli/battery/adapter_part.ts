// The battery's first part: what the adapter offers, and what it runs on.

import { readFileSync } from 'node:fs';
import { arch, cpus, release, type as systemName, totalmem } from 'node:os';
import { type AdapterReport, reportAdapter } from '../../device/dawn/adapter_report.node.js';
import { type AdapterChoice, formatBytes } from '../../device/index.js';
import { packageVersion } from '../version.js';
import type { BatteryPart } from './battery.js';
import { table } from './summary.js';

/** Where this runs. */
function machine() {
  return {
    package: packageVersion(),
    node: process.version,
    platform: process.platform,
    arch: arch(),
    system: `${systemName()} ${release()}`,
    distribution: distribution(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** `Debian GNU/Linux 12 (bookworm)`; its own name for other systems. */
function distribution(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? systemName();
  } catch {
    return systemName();
  }
}

export function adapterPart(choice: AdapterChoice): BatteryPart {
  const host = machine();
  let adapter: AdapterReport | undefined;
  return {
    name: 'adapter',
    title: 'Adapter',
    leastSeconds: 0,
    share: 1,
    async run() {
      adapter = await reportAdapter(choice);
      return { state: 'passed', note: `${adapter.description}${adapter.isSoftware ? ' (software)' : ''}` };
    },
    data: () => ({ asked: choice, machine: host, ...adapter }),
    details: () => table(['', ''], [...machineRows(host), ...(adapter ? adapterRows(adapter) : [])]),
  };
}

function machineRows(host: ReturnType<typeof machine>): string[][] {
  return [
    ['shuffleblock', `${host.package}, Node ${host.node}`],
    ['system', `${host.distribution}, ${host.system}, ${host.platform} ${host.arch}`],
    ['processor', `${host.cpu}, ${host.cores} cores, ${formatBytes(host.memoryBytes)}`],
  ];
}

function adapterRows({ description, kind, info, features, limits, subgroupMatrixConfigs, dawn }: AdapterReport) {
  const { subgroupMinSize, subgroupMaxSize } = info;
  return [
    ['adapter', `${description} (${kind})`],
    ['subgroups', subgroupMinSize === undefined ? 'unknown' : `${subgroupMinSize} to ${subgroupMaxSize}`],
    ['features', features.join(', ')],
    [
      'limits',
      `binding ${formatBytes(limits.maxStorageBufferBindingSize)}, buffer ${formatBytes(limits.maxBufferSize)}, ` +
        `${limits.maxStorageBuffersPerShaderStage} storage buffers, ` +
        `${limits.maxComputeInvocationsPerWorkgroup} invocations and ${formatBytes(limits.maxComputeWorkgroupStorageSize)} shared a workgroup`,
    ],
    ['subgroup matrices', matrices(subgroupMatrixConfigs)],
    ['Dawn', `webgpu ${dawn.version}, started with ${dawn.options.join(' ')}`],
    ['toggles that it knows', dawn.known.join(', ')],
    ...dawn.gains.map(({ toggle, features, subgroupMatrixConfigs }) => [
      `with ${toggle}`,
      `features: ${features.join(', ') || 'no more'}; subgroup matrices: ${matrices(subgroupMatrixConfigs)}`,
    ]),
  ];
}

function matrices(configs: readonly unknown[]): string {
  return configs.map((config) => JSON.stringify(config)).join(', ') || 'none';
}
