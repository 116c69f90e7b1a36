// Reads safetensors files. One may come from anywhere, so nothing is believed: the header is read by a parser of exactly this grammar
// (JSON.parse would keep the last of two equal keys in silence), and every byte of data must belong to exactly one tensor.

import { InputError } from '../../host/input_error.js';
import { show } from '../../host/show.js';
import type { SafetensorsDType, SafetensorsFile, SafetensorsTensor } from './safetensors.js';
import { checkEntry, type Entry, formatShape, LENGTH_BYTES, METADATA } from './safetensors_entry.js';

/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;

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

function headerSize(bytes: Uint8Array, where: string): number {
  if (bytes.byteLength < LENGTH_BYTES) {
    throw new InputError(`${where}: expected at least 8 bytes, got ${bytes.byteLength}: not a safetensors file`);
  }
  const size = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const limit = Math.min(MAX_HEADER_BYTES, bytes.byteLength - LENGTH_BYTES);
  if (size > limit && bytes.byteLength > LENGTH_BYTES && bytes[LENGTH_BYTES] !== '{'.charCodeAt(0)) {
    // A text, a picture, ...: what its first bytes would say as a number helps nobody.
    const start = new TextDecoder().decode(bytes.subarray(0, 20));
    throw new InputError(`${where}: expected a safetensors file, got one that begins with ${show(start)}`);
  }
  if (size > limit) {
    throw new InputError(`${where}: expected a header of at most ${limit} bytes, got ${size}: a truncated file`);
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

/** Every byte of the data in exactly one tensor. Sizes are known to be non-negative. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, where: string): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of sorted) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps another tensor' : 'leaves a hole before it';
      throw new InputError(`${where}: tensor ${show(name)}: expected data at byte ${covered}, got ${begin}: ${fault}`);
    }
    if (end > dataBytes) {
      throw new InputError(
        `${where}: tensor ${show(name)}: expected data up to byte ${end}, got ${dataBytes} bytes: a truncated file`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new InputError(`${where}: expected ${covered} bytes of tensors, got ${dataBytes}: surplus bytes at the end`);
  }
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
    const place = `tensor ${show(name)}`;
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    this.members(place, (field) => {
      if (field === 'dtype') dtype = this.string();
      else if (field === 'shape') shape = this.integers(place);
      else if (field === 'data_offsets') offsets = this.integers(place);
      else throw new InputError(`${this.where}: ${place}: expected dtype, shape, data_offsets, got ${show(field)}`);
    });
    if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
      const got = `dtype ${show(dtype)}, shape ${shape && formatShape(shape)}, data_offsets ${offsets && formatShape(offsets)}`;
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
        throw new InputError(`${this.where}: ${place}: expected every key once, got ${show(key)} again`);
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
    const got = found === '' ? 'its end' : show(found);
    throw new InputError(
      `${this.where}: ${place}: expected ${expected}, got ${got} at character ${this.position}: damaged, or not safetensors`,
    );
  }
}
