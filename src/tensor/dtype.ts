// Element types and their form on either side of the border: TypedArrays in JavaScript, bytes on the GPU.

export type DType = 'f32' | 'u32' | 'i32' | 'f16' | 'u8';
/** What activations and their gradients may be. */
export type ActivationType = 'f32' | 'f16';
export type TypedArray = Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { f32: 4, u32: 4, i32: 4, f16: 2, u8: 1 };

/** Throws unless it is an element type: programs in JavaScript have no compiler that says so. */
export function checkType(dtype: DType): void {
  if (Object.hasOwn(ELEMENT_BYTES, dtype)) return;
  throw new Error(`tensor: expected an element type among ${Object.keys(ELEMENT_BYTES).join(', ')}, got ${dtype}`);
}

/** Values as JavaScript sees them: f16 becomes Float32Array, everything else its own kind. */
export function valuesFromBytes(bytes: Uint8Array, dtype: DType): Float32Array | Uint32Array | Int32Array | Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
    case 'u32':
      return new Uint32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
    case 'i32':
      return new Int32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4);
    case 'f16':
      return Float32Array.from(new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / 2), halfToFloat);
    case 'u8':
      return bytes;
  }
}

/** The bytes that the GPU stores, padded with zeros to a multiple of 4. */
export function bytesFromValues(values: ArrayLike<number>, dtype: DType): Uint8Array {
  const typed = asTyped(values, dtype);
  const bytes = new Uint8Array(typed.buffer as ArrayBuffer, typed.byteOffset, typed.byteLength);
  if (bytes.byteLength % 4 === 0) return bytes;
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  padded.set(bytes);
  return padded;
}

function asTyped(values: ArrayLike<number>, dtype: DType): TypedArray {
  switch (dtype) {
    case 'f32':
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case 'u32':
      return values instanceof Uint32Array ? values : Uint32Array.from(values);
    case 'i32':
      return values instanceof Int32Array ? values : Int32Array.from(values);
    case 'f16':
      return Uint16Array.from(values, floatToHalf);
    case 'u8':
      return values instanceof Uint8Array ? values : Uint8Array.from(values);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16 bits of a number, taken as float32 first; rounded to nearest, ties to even. */
export function floatToHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to infinity
  if (magnitude < 0x33000001) return sign; // rounds to zero
  const exponent = magnitude >>> 23;
  // Normal halves drop 13 mantissa bits; subnormal ones more, with the hidden bit made explicit.
  const shift = exponent < 113 ? 126 - exponent : 13;
  const mantissa = exponent < 113 ? (magnitude & 0x7fffff) | 0x800000 : magnitude - (112 << 23);
  const quotient = mantissa >>> shift;
  const remainder = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (quotient + (remainder > half || (remainder === half && quotient & 1) ? 1 : 0));
}

/** The number that binary16 bits stand for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
