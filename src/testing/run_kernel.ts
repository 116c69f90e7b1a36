// Runs one compute shader on plain arrays, for anyone who wants to unit-test a kernel in three lines.

import { type BufferSlice, type Device, type GpuBuffer, Kernel, type Workgroups } from '../device/index.js';
import { bytesFromValues, valuesFromBytes } from '../tensor/dtype.js';

export type KernelArray = Float32Array | Uint32Array | Int32Array | Uint8Array;

/**
 * @param source a Kernel, or the text of a WGSL file with entry point `main`, bindings in group 0 and, if it takes scalars,
 *   `var<uniform> params: Params`.
 * @param arrays contents of every storage binding, by its name in the shader. Not modified. Bytes (Uint8Array) are padded to whole words.
 * @param params values of the fields of `struct Params`.
 * @param workgroups grid, for example `[4, 2]`. Default 1, of as many invocations as the shader's `@workgroup_size`.
 * @returns the contents of every binding afterwards, by name, as the kind of array given.
 * @throws KernelError that names file, line and column of what does not compile, or the binding that is amiss.
 *
 * A binding is as long as its array. Tensors are not: they are padded to 16 bytes (`Tensor.slice`), so a kernel that is to become an operation takes
 * the number of elements as a parameter, instead of `arrayLength`.
 */
export async function runKernel<A extends Readonly<Record<string, KernelArray>>>(
  device: Device,
  source: Kernel | string,
  arrays: A,
  params: Readonly<Record<string, number>> = {},
  workgroups: Workgroups = 1,
): Promise<A> {
  const kernel = typeof source === 'string' ? new Kernel('kernel.wgsl', source) : source;
  const slices: Record<string, BufferSlice> = {};
  const buffers: GpuBuffer[] = [];
  try {
    for (const [name, array] of Object.entries(arrays)) {
      const bytes = bytesFromValues(array, dtypeOf(name, array));
      if (bytes.byteLength === 0) throw new Error(`runKernel: expected ${name} with at least one element, got none`);
      const buffer = device.allocate(bytes.byteLength, name);
      buffers.push(buffer);
      device.write(buffer, bytes);
      slices[name] = { buffer, sizeBytes: bytes.byteLength };
    }
    device.run(kernel, slices, params, workgroups);
    const written = kernel.layout.bindings.filter((binding) => binding.access === 'read_write');
    const results = await Promise.all(
      written.map(async ({ name }) => {
        const bytes = await device.read(slices[name].buffer, arrays[name].byteLength);
        return [name, valuesFromBytes(bytes, dtypeOf(name, arrays[name]))] as const;
      }),
    );
    return { ...arrays, ...(Object.fromEntries(results) as Partial<A>) };
  } catch (error) {
    // What else this kernel did wrong must not be told to the next.
    await device.finish().catch(() => {});
    throw error;
  } finally {
    for (const buffer of buffers) device.free(buffer);
  }
}

function dtypeOf(name: string, array: KernelArray): 'f32' | 'u32' | 'i32' | 'u8' {
  if (array instanceof Float32Array) return 'f32';
  if (array instanceof Uint32Array) return 'u32';
  if (array instanceof Int32Array) return 'i32';
  if (array instanceof Uint8Array) return 'u8';
  const kind = (array as object | undefined)?.constructor.name;
  throw new Error(
    `runKernel: expected ${name} a Float32Array, Uint32Array, Int32Array or Uint8Array, got ${kind ?? array}`,
  );
}
