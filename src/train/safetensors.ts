// The safetensors file format: named tensors in one file, no code in it (https://huggingface.co/docs/safetensors, "Format").
//   8 bytes   N, the size of the header, little-endian
//   N bytes   JSON: { "__metadata__": { KEY: TEXT }, NAME: { "dtype": "F32", "shape": [2,3], "data_offsets": [0,24] }, ... }
//   the rest  the tensors' bytes, little-endian, in PyTorch's row-major order, without holes
// A file may come from anywhere, so the reader believes nothing: the header is read by a parser of exactly this grammar
// (JSON.parse would keep the last of two equal keys in silence), and every byte of data must belong to exactly one tensor.

import { InputError } from '../device/errors.js';
import { halfToFloat } from '../tensor/index.js';

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

const LENGTH_BYTES = 8;
/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

/**
 * The tensors of a safetensors file. Copies no data and allocates nothing in proportion to what the header claims.
 * @param bytes of the whole file.
 * @param where the file's name, for messages.
 * @throws InputError naming file, tensor, expected and got.
 */
export function parseSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const headerBytes = headerSize(bytes, where);
  const { metadata, entries } = new HeaderParser(headerText(bytes, headerBytes, where), where).parse();
  const data = bytes.subarray(LENGTH_BYTES + headerBytes);
  for (const entry of entries) checkEntry(entry, where);
  checkCoverage(entries, data.byteLength, where);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, { dtype: dtype as SafetensorsDType, shape, data: data.subarray(begin, end) });
  }
  return { metadata, tensors };
}

/**
 * The bytes of a safetensors file: a header padded to 8 bytes, then the tensors by descending element size and by name, so
 * that every one is aligned to its elements. Equal tensors give equal bytes, whatever their order.
 * @throws InputError if a tensor's data does not fit its type and shape, or one is called `__metadata__`.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(byAlignmentThenName);
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  const names = new Set<string>([METADATA]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const begin = end;
    end += data.byteLength;
    if (names.has(name)) throw new InputError(`encodeSafetensors: expected every name once, got ${quote(name)} again`);
    names.add(name);
    checkEntry({ name, dtype, shape, begin, end }, 'encodeSafetensors');
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  // Not JSON.stringify of one object: that would move names such as "0" to the front and lose "__proto__".
  const json = header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',');
  const text = new TextEncoder().encode(`{${json}}`);
  const dataStart = LENGTH_BYTES + Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(dataStart + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - LENGTH_BYTES), true);
  bytes.fill(0x20, LENGTH_BYTES, dataStart);
  bytes.set(text, LENGTH_BYTES);
  let offset = dataStart;
  for (const [, { data }] of sorted) {
    bytes.set(data, offset);
    offset += data.byteLength;
  }
  return bytes;
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

// Checks.

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  /** First byte, and the byte after the last one, counted from the end of the header. */
  begin: number;
  end: number;
}

function headerSize(bytes: Uint8Array, where: string): number {
  if (bytes.byteLength < LENGTH_BYTES) {
    throw new InputError(`${where}: expected at least 8 bytes, got ${bytes.byteLength}: not a safetensors file`);
  }
  const size = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const limit = Math.min(MAX_HEADER_BYTES, bytes.byteLength - LENGTH_BYTES);
  if (size > limit) {
    throw new InputError(
      `${where}: expected a header of at most ${limit} bytes, got ${size}: a truncated file, or not safetensors`,
    );
  }
  return Number(size);
}

function headerText(bytes: Uint8Array, headerBytes: number, where: string): string {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  } catch {
    throw new InputError(`${where}: expected a header in UTF-8, got other bytes: damaged, or not a safetensors file`);
  }
}

/** A known type, and as many bytes as type and shape need. */
function checkEntry({ name, dtype, shape, begin, end }: Entry, where: string): void {
  const place = `${where}: tensor ${quote(name)}`;
  if (!Object.hasOwn(SAFETENSORS_ELEMENT_BYTES, dtype)) {
    const known = Object.keys(SAFETENSORS_ELEMENT_BYTES).join(', ');
    throw new InputError(`${place}: expected a type among ${known}, got ${quote(dtype)}`);
  }
  let expected: number = SAFETENSORS_ELEMENT_BYTES[dtype as SafetensorsDType];
  for (const size of shape) {
    // Checked at every factor: a size of 0 would hide an overflow before it.
    expected *= size;
    if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(expected)) {
      throw new InputError(`${place}: expected a shape of sizes that fit a file, got ${formatShape(shape)}`);
    }
  }
  if (end - begin !== expected) {
    throw new InputError(
      `${place}: expected ${expected} bytes for ${dtype} ${formatShape(shape)}, got ${end - begin} (${begin} to ${end})`,
    );
  }
}

/** Every byte of the data in exactly one tensor. Sizes are known to be non-negative. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, where: string): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of sorted) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps another tensor' : 'leaves a hole before it';
      throw new InputError(`${where}: tensor ${quote(name)}: expected data at byte ${covered}, got ${begin}: ${fault}`);
    }
    if (end > dataBytes) {
      throw new InputError(
        `${where}: tensor ${quote(name)}: expected data up to byte ${end}, got ${dataBytes} bytes: a truncated file`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new InputError(`${where}: expected ${covered} bytes of tensors, got ${dataBytes}: surplus bytes at the end`);
  }
}

function byAlignmentThenName(
  [nameA, a]: readonly [string, SafetensorsTensor],
  [nameB, b]: readonly [string, SafetensorsTensor],
): number {
  const order = SAFETENSORS_ELEMENT_BYTES[b.dtype] - SAFETENSORS_ELEMENT_BYTES[a.dtype];
  return order || compareText(a.dtype, b.dtype) || compareText(nameA, nameB);
}

/** By code units, the same in every locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name on one line, however long and odd. */
function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}

function formatShape(shape: readonly number[]): string {
  return shape.length > 8 ? `[${shape.slice(0, 8)},...] (${shape.length} sizes)` : `[${shape}]`;
}

// The header's grammar: objects two deep, whose values are texts or lists of non-negative integers.

/** PyTorch's tensors have at most 64 dimensions. */
const MAX_INTEGERS = 64;
const SPACE = ' \t\r\n';

class HeaderParser {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly where: string,
  ) {}

  parse(): { metadata: Record<string, string>; entries: Entry[] } {
    const metadata: Record<string, string> = Object.create(null);
    const entries: Entry[] = [];
    if (this.text[0] !== '{') this.fail('{');
    this.members('the header', (name) => {
      if (name !== METADATA) entries.push(this.entry(name));
      else
        this.members(METADATA, (key) => {
          metadata[key] = this.string();
        });
    });
    this.skipSpace();
    if (this.position < this.text.length) this.fail('the end of the header');
    return { metadata, entries };
  }

  private entry(name: string): Entry {
    const place = `tensor ${quote(name)}`;
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    this.members(place, (field) => {
      if (field === 'dtype') dtype = this.string();
      else if (field === 'shape') shape = this.integers(place);
      else if (field === 'data_offsets') offsets = this.integers(place);
      else throw new InputError(`${this.where}: ${place}: expected dtype, shape, data_offsets, got ${quote(field)}`);
    });
    if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
      const got = `dtype ${dtype}, shape ${shape && formatShape(shape)}, data_offsets ${offsets && formatShape(offsets)}`;
      throw new InputError(`${this.where}: ${place}: expected a type, a shape and two data offsets, got ${got}`);
    }
    return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
  }

  /** `{ KEY: value, ... }`, every key once; `readValue` consumes the value. */
  private members(place: string, readValue: (key: string) => void): void {
    const keys = new Set<string>();
    this.expect('{');
    if (this.accept('}')) return;
    do {
      const key = this.string();
      if (keys.has(key)) {
        throw new InputError(`${this.where}: ${place}: expected every key once, got ${quote(key)} again`);
      }
      keys.add(key);
      this.expect(':');
      readValue(key);
    } while (this.accept(','));
    this.expect('}');
  }

  private integers(place: string): number[] {
    const values: number[] = [];
    this.expect('[');
    if (this.accept(']')) return values;
    do {
      if (values.length === MAX_INTEGERS) this.fail(`at most ${MAX_INTEGERS} integers`, place);
      values.push(this.integer(place));
    } while (this.accept(','));
    this.expect(']');
    return values;
  }

  private integer(place: string): number {
    this.skipSpace();
    const digits = /^(0|[1-9]\d{0,15})(?![\d.eE])/.exec(this.text.slice(this.position, this.position + 17))?.[0];
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
      this.fail('a non-negative integer below 2^53', place);
    }
    this.position += digits.length;
    return Number(digits);
  }

  private string(): string {
    this.expect('"');
    const start = this.position;
    let end = this.text.indexOf('"', start);
    while (end >= 0 && this.isEscaped(end, start)) end = this.text.indexOf('"', end + 1);
    const token = end < 0 ? '' : this.text.slice(start - 1, end + 1);
    this.position = start - 1;
    try {
      const value = JSON.parse(token) as string;
      this.position = end + 1;
      return value;
    } catch {
      this.fail('a text in quotes');
    }
  }

  /** Whether an odd number of backslashes stands before `index`. */
  private isEscaped(index: number, start: number): boolean {
    let first = index;
    while (first > start && this.text[first - 1] === '\\') first--;
    return (index - first) % 2 === 1;
  }

  private expect(character: string): void {
    if (!this.accept(character)) this.fail(character);
  }

  private accept(character: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  private skipSpace(): void {
    while (this.position < this.text.length && SPACE.includes(this.text[this.position])) this.position++;
  }

  private fail(expected: string, place = 'the header'): never {
    const found = this.text.slice(this.position, this.position + 20);
    const got = found === '' ? 'its end' : quote(found);
    throw new InputError(
      `${this.where}: ${place}: expected ${expected}, got ${got} at character ${this.position}: damaged, or not safetensors`,
    );
  }
}
