// Tensor: a shape and an element type over a pooled GPU buffer. It knows no operation; those live in src/shaders.

import type { BufferSlice, Device, GpuBuffer } from '../device/index.js';
import { bytesFromValues, checkType, type DType, ELEMENT_BYTES, valuesFromBytes } from './dtype.js';
import { creationSite, enter, leave } from './scope.js';
import { checkShape, formatShape, type Shape, sizeOf } from './shape.js';

/** Shared by the tensors that view one buffer; the last to go frees it. */
class Storage {
  private users = 0;

  constructor(
    readonly device: Device,
    readonly buffer: GpuBuffer,
  ) {}

  acquire(): this {
    this.users++;
    return this;
  }

  release(): void {
    if (--this.users === 0) this.device.free(this.buffer);
  }
}

export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Where it was made, if `traceTensors(true)`. */
  readonly createdAt: string | undefined;
  private storage: Storage | undefined;

  /** Use `Tensor.empty`, `Tensor.from`, `Tensor.zeros`; subclasses pass the tensor whose storage they share. */
  protected constructor(source: Device | Tensor, shape: Shape, dtype: DType) {
    checkShape(shape);
    checkType(dtype);
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.createdAt = creationSite();
    this.storage = (source instanceof Tensor ? source.alive() : allocate(source, shape, dtype)).acquire();
    enter(this);
  }

  /** Unspecified contents: every element must be written before it is read. */
  static empty(device: Device, shape: Shape, dtype: DType = 'f32'): Tensor {
    return new Tensor(device, shape, dtype);
  }

  /** Uploads values, a flat array in row-major order. f16 values are given and returned as ordinary numbers. */
  static from(device: Device, values: ArrayLike<number>, shape: Shape, dtype: DType = 'f32'): Tensor {
    checkValues(values, shape);
    return new Tensor(device, shape, dtype).write(values);
  }

  static zeros(device: Device, shape: Shape, dtype: DType = 'f32'): Tensor {
    const tensor = new Tensor(device, shape, dtype);
    device.clear(tensor.buffer, tensor.paddedBytes);
    return tensor;
  }

  get device(): Device {
    return this.alive().device;
  }

  get buffer(): GpuBuffer {
    return this.alive().buffer;
  }

  get isDisposed(): boolean {
    return this.storage === undefined;
  }

  /** Bytes on the GPU, padded to 16 so that kernels may load whole vec4s at the end. */
  get paddedBytes(): number {
    return paddedBytes(this.size, this.dtype);
  }

  /** What a kernel binds: padded, so that a kernel takes the number of elements as a parameter; `arrayLength` tells a larger one. */
  get slice(): BufferSlice {
    return { buffer: this.buffer, sizeBytes: this.paddedBytes };
  }

  /** Replaces the contents. @throws if the number of values differs. */
  write(values: ArrayLike<number>): this {
    checkValues(values, this.shape);
    if (this.size > 0) this.device.write(this.buffer, bytesFromValues(values, this.dtype));
    return this;
  }

  /** The values, or the first `length` of them, as of this call; the tensor may be disposed at once after calling. */
  async read(length = this.size): Promise<Float32Array | Uint32Array | Int32Array | Uint8Array> {
    if (!(length >= 0 && length <= this.size)) {
      throw new Error(`read: expected at most ${this.size} values of ${formatShape(this.shape)}, got ${length}`);
    }
    if (length === 0) return valuesFromBytes(new Uint8Array(0), this.dtype);
    return valuesFromBytes(await this.device.read(this.buffer, length * ELEMENT_BYTES[this.dtype]), this.dtype);
  }

  /** `read` of a tensor of f32 or f16. @throws if it is of another type. */
  async readFloats(length = this.size): Promise<Float32Array> {
    if (this.dtype !== 'f32' && this.dtype !== 'f16') {
      throw new Error(`readFloats: expected a tensor of f32 or f16, got ${this.dtype} ${formatShape(this.shape)}`);
    }
    return (await this.read(length)) as Float32Array;
  }

  /** The only value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new Error(`item: expected one element, got shape ${formatShape(this.shape)}`);
    return (await this.read())[0];
  }

  /** The same elements under another shape; shares the buffer. Knows nothing of gradients: see `reshape` in src/shaders. */
  view(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new Error(
        `view: expected ${this.size} elements, got shape ${formatShape(shape)} (x ${formatShape(this.shape)})`,
      );
    }
    return new Tensor(this, shape, this.dtype);
  }

  dispose(): void {
    if (!this.storage) return;
    leave(this);
    this.storage.release();
    this.storage = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private alive(): Storage {
    if (!this.storage) {
      throw new Error(
        `tensor ${formatShape(this.shape)} was used after it was disposed${this.createdAt ? ` (made ${this.createdAt})` : ''}`,
      );
    }
    return this.storage;
  }
}

function checkValues(values: ArrayLike<number>, shape: Shape): void {
  checkShape(shape);
  if (values.length !== sizeOf(shape)) {
    throw new Error(`tensor: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`);
  }
  if (typeof values[0] === 'object') throw new Error('tensor: expected a flat array of numbers, got one of arrays');
}

function paddedBytes(size: number, dtype: DType): number {
  return Math.max(16, Math.ceil((size * ELEMENT_BYTES[dtype]) / 16) * 16);
}

function allocate(device: Device, shape: Shape, dtype: DType): Storage {
  return new Storage(
    device,
    device.allocate(paddedBytes(sizeOf(shape), dtype), `tensor ${formatShape(shape)} ${dtype}`),
  );
}
