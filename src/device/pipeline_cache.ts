// Pipelines, keyed by the specialised source text itself, and bind groups, keyed by what they bind.

import type { GpuBuffer } from './buffer_pool.js';
import type { ErrorLog } from './error_log.js';
import { KernelError } from './errors.js';
import type { Kernel } from './kernel.js';
import { unrollLoops } from './unroll.js';

/** The first `sizeBytes` of a buffer. */
export interface BufferSlice {
  readonly buffer: GpuBuffer;
  readonly sizeBytes: number;
}

interface Compiled {
  readonly id: number;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroupLayout: GPUBindGroupLayout;
  /** Why it could not be created, once that is known. */
  failure?: KernelError;
}

interface ParamsBuffer {
  readonly id: number;
  readonly handle: GPUBuffer;
}

/** Bind groups, and buffers of parameters, after which all of them are made anew: far more than the dispatches of one training step. */
const CACHE_LIMIT = 16384;

export class PipelineCache {
  private readonly compiled = new Map<string, Compiled>();
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private readonly paramsBuffers = new Map<string, ParamsBuffer>();
  private nextId = 1;
  /** Pipelines and bind groups created so far: flat once a training loop is warm. */
  created = { pipelines: 0, bindGroups: 0 };
  /** Changes when bind groups made before are no longer good. */
  generation = 0;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly errors: ErrorLog,
    /** Whether the adapter's compiler needs `unrollLoops`. */
    private readonly unrolls: boolean,
  ) {}

  pipeline(kernel: Kernel): Compiled {
    let entry = this.compiled.get(kernel.source);
    if (!entry) {
      const created = this.errors.guardCreation(
        kernel.path,
        () => this.compile(kernel),
        (failure) => {
          created.failure = failure;
        },
      );
      entry = created;
      this.compiled.set(kernel.source, entry);
      this.created.pipelines++;
    }
    if (entry.failure) throw entry.failure;
    return entry;
  }

  /**
   * Compiles those that are not there yet, side by side where the driver can. One that cannot be compiled is left to `pipeline`,
   * which tells why.
   */
  async prepare(kernels: readonly Kernel[]): Promise<void> {
    const missing = new Map(kernels.map((kernel) => [kernel.source, kernel]));
    for (const source of this.compiled.keys()) missing.delete(source);
    await Promise.all([...missing.values()].map((kernel) => this.compileAside(kernel).catch(() => {})));
  }

  private async compileAside(kernel: Kernel): Promise<void> {
    this.gpu.pushErrorScope('validation');
    const { descriptor, bindGroupLayout } = this.describe(kernel);
    const failure = this.gpu.popErrorScope();
    const pipeline = await this.gpu.createComputePipelineAsync(descriptor);
    if ((await failure) || this.compiled.has(kernel.source)) return;
    this.compiled.set(kernel.source, { id: this.nextId++, pipeline, bindGroupLayout });
    this.created.pipelines++;
  }

  private compile(kernel: Kernel): { result: Compiled; module: GPUShaderModule } {
    const { descriptor, bindGroupLayout, module } = this.describe(kernel);
    const pipeline = this.gpu.createComputePipeline(descriptor);
    return { result: { id: this.nextId++, pipeline, bindGroupLayout }, module };
  }

  private describe({ layout, path, source }: Kernel) {
    const module = this.gpu.createShaderModule({ code: source, label: path });
    // Messages come from the file's own module: unrolling changes line numbers.
    const compiled = this.unrolls ? this.gpu.createShaderModule({ code: unrollLoops(source), label: path }) : module;
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
    const descriptor: GPUComputePipelineDescriptor = {
      label: path,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
      compute: { module: compiled, entryPoint: 'main' },
    };
    return { descriptor, bindGroupLayout, module };
  }

  /** @param slices of every binding: see `checkNames`. */
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
    this.generation++;
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

/** @throws KernelError unless every binding of the kernel is bound, and nothing else. */
export function checkNames({ layout, path }: Kernel, slices: Readonly<Record<string, BufferSlice>>): void {
  for (const { name } of layout.bindings) {
    if (!slices[name]) throw new KernelError(`${path}: nothing bound to "${name}"`, path);
  }
  if (Object.keys(slices).length === layout.bindings.length) return;
  const known = layout.bindings.map(({ name }) => name);
  const extra = Object.keys(slices).find((name) => !known.includes(name));
  throw new KernelError(`${path}: has no binding "${extra}" (it has ${known.join(', ')})`, path);
}

/** WebGPU refuses these too, but later, and with messages that do not name the binding. */
function checkBindings({ layout, path }: Kernel, slices: Readonly<Record<string, BufferSlice>>): void {
  for (const { name } of layout.bindings) {
    const { buffer, sizeBytes } = slices[name];
    if (sizeBytes > buffer.sizeBytes) {
      throw new KernelError(`${path}: "${name}" binds ${sizeBytes} bytes of a buffer of ${buffer.sizeBytes}`, path);
    }
  }
  for (const { name } of layout.bindings.filter(({ access }) => access === 'read_write')) {
    const twin = layout.bindings.find(
      (other) => other.name !== name && slices[other.name].buffer === slices[name].buffer,
    );
    if (twin) throw new KernelError(`${path}: "${name}" is written, but "${twin.name}" is the same buffer`, path);
  }
}
