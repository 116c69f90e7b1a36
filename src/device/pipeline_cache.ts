// Pipelines, keyed by the specialised source text itself, and bind groups, keyed by what they bind.

import type { GpuBuffer } from './buffer_pool.js';
import type { ErrorLog } from './error_log.js';
import { KernelError } from './errors.js';
import type { Kernel } from './kernel.js';

/** The first `sizeBytes` of a buffer. */
export interface BufferSlice {
  readonly buffer: GpuBuffer;
  readonly sizeBytes: number;
}

interface Compiled {
  readonly id: number;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroupLayout: GPUBindGroupLayout;
}

interface ParamsBuffer {
  readonly id: number;
  readonly handle: GPUBuffer;
}

/** Entries kept of each cache before the oldest are dropped: far more than the dispatches of one training step. */
const CACHE_LIMIT = 16384;

export class PipelineCache {
  private readonly compiled = new Map<string, Compiled>();
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private readonly paramsBuffers = new Map<string, ParamsBuffer>();
  private nextId = 1;
  /** Pipelines and bind groups created so far: flat once a training loop is warm. */
  created = { pipelines: 0, bindGroups: 0 };

  constructor(
    private readonly gpu: GPUDevice,
    private readonly errors: ErrorLog,
  ) {}

  pipeline(kernel: Kernel): Compiled {
    let entry = this.compiled.get(kernel.source);
    if (!entry) {
      entry = this.errors.guardCreation(kernel.path, () => this.compile(kernel));
      this.compiled.set(kernel.source, entry);
      this.created.pipelines++;
    }
    return entry;
  }

  private compile(kernel: Kernel): { result: Compiled; module: GPUShaderModule } {
    const { layout, path, source } = kernel;
    const module = this.gpu.createShaderModule({ code: source, label: path });
    const entries: GPUBindGroupLayoutEntry[] = layout.bindings.map(({ index, access }) => ({
      binding: index,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: access === 'read_write' ? 'storage' : 'read-only-storage' },
    }));
    if (layout.paramsIndex !== undefined) {
      entries.push({ binding: layout.paramsIndex, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } });
    }
    // An explicit layout: `layout: 'auto'` drops bindings that a specialisation happens not to use.
    const bindGroupLayout = this.gpu.createBindGroupLayout({ entries, label: path });
    const pipeline = this.gpu.createComputePipeline({
      label: path,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
      compute: { module, entryPoint: 'main' },
    });
    return { result: { id: this.nextId++, pipeline, bindGroupLayout }, module };
  }

  bindGroup(
    kernel: Kernel,
    compiled: Compiled,
    slices: Readonly<Record<string, BufferSlice>>,
    params: Uint8Array,
  ): GPUBindGroup {
    const { layout } = kernel;
    const uniform = layout.paramsIndex === undefined ? undefined : this.paramsBuffer(params);
    let key = `${compiled.id}|${uniform?.id ?? ''}`;
    for (const { name } of layout.bindings) {
      const slice = slices[name];
      if (!slice) throw new KernelError(`${kernel.path}: nothing bound to "${name}"`, kernel.path);
      key += `|${slice.buffer.id}:${slice.sizeBytes}`;
    }
    let group = this.bindGroups.get(key);
    if (!group) {
      checkBindings(kernel, slices);
      const entries: GPUBindGroupEntry[] = layout.bindings.map(({ name, index }) => ({
        binding: index,
        resource: { buffer: slices[name].buffer.handle, size: slices[name].sizeBytes },
      }));
      if (uniform) entries.push({ binding: layout.paramsIndex!, resource: { buffer: uniform.handle } });
      group = this.gpu.createBindGroup({ layout: compiled.bindGroupLayout, entries, label: kernel.path });
      this.bindGroups.set(key, group);
      this.created.bindGroups++;
    }
    return group;
  }

  /** Drops what was cached for buffers that may be gone. Call with all work submitted. */
  forgetBindGroups(): void {
    this.bindGroups.clear();
    for (const { handle } of this.paramsBuffers.values()) handle.destroy();
    this.paramsBuffers.clear();
  }

  get isFull(): boolean {
    return this.bindGroups.size > CACHE_LIMIT || this.paramsBuffers.size > CACHE_LIMIT;
  }

  private paramsBuffer(bytes: Uint8Array): ParamsBuffer {
    const key = String.fromCharCode(...new Uint16Array(bytes.buffer, 0, bytes.length / 2));
    let entry = this.paramsBuffers.get(key);
    if (!entry) {
      const handle = this.gpu.createBuffer({
        size: bytes.length,
        usage: GPUBufferUsage.UNIFORM,
        mappedAtCreation: true,
      });
      new Uint8Array(handle.getMappedRange()).set(bytes);
      handle.unmap();
      entry = { id: this.nextId++, handle };
      this.paramsBuffers.set(key, entry);
    }
    return entry;
  }
}

/** WebGPU refuses a buffer bound both for reading and for writing with a message that names neither; ours does. */
function checkBindings(kernel: Kernel, slices: Readonly<Record<string, BufferSlice>>): void {
  const { bindings } = kernel.layout;
  for (const name of Object.keys(slices)) {
    if (!bindings.some((binding) => binding.name === name)) {
      throw new KernelError(
        `${kernel.path}: has no binding "${name}" (it has ${bindings.map((b) => b.name).join(', ')})`,
        kernel.path,
      );
    }
  }
  for (const written of bindings.filter((binding) => binding.access === 'read_write')) {
    const twin = bindings.find((b) => b !== written && slices[b.name].buffer === slices[written.name].buffer);
    if (twin)
      throw new KernelError(
        `${kernel.path}: "${written.name}" is written, but "${twin.name}" is the same buffer`,
        kernel.path,
      );
  }
}
