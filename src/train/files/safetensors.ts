// The safetensors file format: named tensors in one file, no code in it (https://huggingface.co/docs/safetensors, "Format").
//   8 bytes   N, the size of the header, little-endian
//   N bytes   JSON: { "__metadata__": { KEY: TEXT }, NAME: { "dtype": "F32", "shape": [2,3], "data_offsets": [0,24] }, ... }
//   the rest  the tensors' bytes, little-endian, in PyTorch's row-major order, without holes
// Here: its element types and the values of its tensors.

import { InputError } from '../../host/input_error.js';
import { halfToFloat } from '../../tensor/index.js';

/** Bytes an element takes, by element type. */
export const SAFETENSORS_ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type SafetensorsDType = keyof typeof SAFETENSORS_ELEMENT_BYTES;

export interface SafetensorsTensor {
  dtype: SafetensorsDType;
  shape: number[];
  /** The elements, row-major and little-endian. After parsing a view into the file's bytes, at any alignment. */
  data: Uint8Array;
}

export interface SafetensorsFile {
  /** Free text by key. Has no prototype, so every key is an ordinary one. */
  metadata: Record<string, string>;
  /** By name, in the order of the header. */
  tensors: Map<string, SafetensorsTensor>;
}

/** A tensor of these values, as F32, U32, I32 or U8 after the array's kind. Shares the array's memory. */
export function safetensor(
  values: Float32Array | Uint32Array | Int32Array | Uint8Array,
  shape: readonly number[],
): SafetensorsTensor {
  const data = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  const dtype =
    values instanceof Float32Array
      ? 'F32'
      : values instanceof Uint32Array
        ? 'U32'
        : values instanceof Int32Array
          ? 'I32'
          : 'U8';
  return { dtype, shape: [...shape], data };
}

/**
 * A copy of the values, from F32, F16, BF16 or F64 (rounded to f32).
 * @param where file and tensor, for messages: `last.safetensors: tensor "conv0.weight"`.
 * @throws InputError on any other type.
 */
export function asFloat32(tensor: SafetensorsTensor, where: string): Float32Array {
  const { dtype, data } = tensor;
  switch (dtype) {
    case 'F32':
      return new Float32Array(copiedBuffer(data));
    case 'F64':
      return Float32Array.from(new Float64Array(copiedBuffer(data)));
    case 'F16':
      return Float32Array.from(new Uint16Array(copiedBuffer(data)), halfToFloat);
    case 'BF16':
      // The upper half of an f32's bits.
      return new Float32Array(Uint32Array.from(new Uint16Array(copiedBuffer(data)), (bits) => bits << 16).buffer);
    default:
      throw new InputError(`${where}: expected F32, F16, BF16 or F64, got ${dtype} [${tensor.shape}]`);
  }
}

/**
 * A copy of a mask, 0 or 1 an element, from BOOL or U8, or from floats: PyTorch's own pruning stores float masks.
 * @throws InputError on any other type and on an element that is neither 0 nor 1.
 */
export function asUint8Mask(tensor: SafetensorsTensor, where: string): Uint8Array {
  const isByte = tensor.dtype === 'BOOL' || tensor.dtype === 'U8';
  if (!isByte && !/^B?F\d+$/.test(tensor.dtype)) {
    throw new InputError(`${where}: expected a mask of BOOL, U8 or floats, got ${tensor.dtype} [${tensor.shape}]`);
  }
  const values = isByte ? tensor.data : asFloat32(tensor, where);
  const wrong = values.findIndex((value) => value !== 0 && value !== 1);
  if (wrong >= 0) {
    throw new InputError(`${where}: expected a mask of 0 and 1, got ${values[wrong]} at element ${wrong}`);
  }
  return Uint8Array.from(values);
}

/** The values, not copied. @throws InputError unless they are U8. */
export function asBytes({ dtype, shape, data }: SafetensorsTensor, where: string): Uint8Array {
  if (dtype === 'U8') return data;
  throw new InputError(`${where}: expected U8, got ${dtype} [${shape}]`);
}

/**
 * A copy of the values, from U32, I32 or I64.
 * @throws InputError on any other type and on a value outside of [0, 2^32).
 */
export function asUint32(tensor: SafetensorsTensor, where: string): Uint32Array {
  const values = integers(tensor, where);
  // One loop for Int32Array, Uint32Array and BigInt64Array: comparisons mix number and bigint.
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0 || values[i] > 0xffffffff) {
      throw new InputError(`${where}: expected integers in [0, 4294967295], got ${values[i]} at element ${i}`);
    }
  }
  return Uint32Array.from(values as ArrayLike<number>, Number);
}

function integers(tensor: SafetensorsTensor, where: string): Uint32Array | Int32Array | BigInt64Array {
  const { dtype, shape, data } = tensor;
  if (dtype === 'U32') return new Uint32Array(copiedBuffer(data));
  if (dtype === 'I32') return new Int32Array(copiedBuffer(data));
  if (dtype === 'I64') return new BigInt64Array(copiedBuffer(data));
  throw new InputError(`${where}: expected U32, I32 or I64, got ${dtype} [${shape}]`);
}

/** The bytes at an alignment of their own: a view of the file may start anywhere. */
function copiedBuffer(data: Uint8Array): ArrayBuffer {
  return new Uint8Array(data).buffer;
}
