// The safetensors reader and writer: round trips, exact bytes, and files that lie.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { Random } from '../../src/tensor/index.js';
import {
  asBytes,
  asFloat32,
  asUint8Mask,
  asUint32,
  type SafetensorsTensor,
  safetensor,
} from '../../src/train/files/safetensors.js';
import { parseSafetensors } from '../../src/train/files/safetensors_reader.js';
import { encodeSafetensors } from '../../src/train/files/safetensors_writer.js';

/** A file of this header and this many bytes of data (0, 1, 2, ...). `headerBytes` is what the file claims. */
function fileOf(header: string | object, dataBytes = 0, headerBytes?: number | bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes ?? text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i;
  return bytes;
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('expected an InputError');
}

const refusal = (bytes: Uint8Array) => messageOf(() => parseSafetensors(bytes, 'x.safetensors'));

describe('encodeSafetensors and parseSafetensors', () => {
  const tensors: [string, SafetensorsTensor][] = [
    ['mask', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ['step', safetensor(Uint32Array.of(4_000_000_000), [])],
    ['conv.weight', safetensor(Float32Array.of(1, -2.5, 3, Number.NaN), [2, 2])],
    ['bias', safetensor(Float32Array.of(0.5), [1])],
    ['empty', safetensor(new Float32Array(0), [0, 7])],
    ['when', { dtype: 'I64', shape: [1], data: new Uint8Array(BigInt64Array.of(-5n).buffer) }],
  ];

  it('gives back what was stored', () => {
    const metadata = { format: 'pt', 'odd "key"\n': '\u{1f600}\\' };
    const parsed = parseSafetensors(encodeSafetensors(tensors, metadata), 'x');
    expect({ ...parsed.metadata }).toEqual(metadata);
    expect(new Map([...parsed.tensors].sort())).toEqual(new Map([...tensors].sort()));
  });

  it('writes the bytes that the format asks for, aligned and independent of order', () => {
    const bytes = encodeSafetensors(tensors);
    expect(encodeSafetensors([...tensors].reverse())).toEqual(bytes);
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)).trimEnd()).toBe(
      '{"when":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
        '"bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' +
        '"conv.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[12,28]},' +
        '"empty":{"dtype":"F32","shape":[0,7],"data_offsets":[28,28]},' +
        '"step":{"dtype":"U32","shape":[],"data_offsets":[28,32]},' +
        '"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[32,35]}}',
    );
    expect(bytes.byteLength).toBe(8 + headerBytes + 35);
  });

  it('reads a file that starts anywhere in memory, and copies nothing', () => {
    const bytes = encodeSafetensors(tensors);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { tensors: parsed } = parseSafetensors(shifted.subarray(3), 'x');
    expect(parsed.get('bias')?.data.buffer).toBe(shifted.buffer);
    expect(asFloat32(parsed.get('conv.weight')!, 'x')).toEqual(Float32Array.of(1, -2.5, 3, Number.NaN));
  });

  it('keeps names and keys that mean something to JavaScript', () => {
    const names = ['__proto__', 'constructor', '10', '2', 'toString'];
    const stored = names.map((name) => [name, safetensor(Uint8Array.of(1), [1])] as const);
    const metadata = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    const parsed = parseSafetensors(encodeSafetensors(stored, metadata), 'x');
    expect([...parsed.tensors.keys()].sort()).toEqual([...names].sort());
    expect(Object.entries(parsed.metadata)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    expect(Object.getPrototypeOf(parsed.metadata)).toBeNull();
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it('reads a header as PyTorch writes it: metadata, spaces at the end, names out of order', () => {
    const header = '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},';
    const bytes = fileOf(`${header} "a" : {"data_offsets":[0, 4],"shape":[],"dtype":"F32"}}   `, 8);
    const parsed = parseSafetensors(bytes, 'x');
    expect(parsed.tensors.get('a')).toEqual({ dtype: 'F32', shape: [], data: Uint8Array.of(0, 1, 2, 3) });
    expect(parsed.tensors.get('b')?.data).toEqual(Uint8Array.of(4, 5, 6, 7));
    expect(parseSafetensors(fileOf('{}'), 'x').tensors.size).toBe(0);
  });

  it('refuses to write what it could not read', () => {
    const one = safetensor(Float32Array.of(1), [1]);
    expect(messageOf(() => encodeSafetensors([['a', { ...one, shape: [2] }]]))).toBe(
      'encodeSafetensors: tensor "a": expected 8 bytes for F32 [2], got 4 (0 to 4)',
    );
    expect(messageOf(() => encodeSafetensors([['a', { ...one, shape: [-1, -1] }]]))).toContain('[-1,-1]');
    expect(messageOf(() => encodeSafetensors([['__metadata__', one]]))).toContain('"__metadata__" again');
    expect(
      messageOf(() =>
        encodeSafetensors([
          ['a', one],
          ['a', one],
        ]),
      ),
    ).toContain('"a" again');
  });
});

describe('a file that lies', () => {
  it('about its header', () => {
    expect(refusal(new Uint8Array(7))).toContain('expected at least 8 bytes, got 7');
    expect(refusal(fileOf('{}', 0, 2n ** 64n - 1n))).toContain('at most 2 bytes, got 18446744073709551615');
    expect(refusal(fileOf('{}', 0, 3))).toBe(
      'x.safetensors: expected a header of at most 2 bytes, got 3: a truncated file',
    );
    expect(refusal(fileOf('{}', 100_000_001, 100_000_003))).toContain('at most 100000000 bytes');
    const page = new TextEncoder().encode('<!DOCTYPE html>\n<html lang="en">');
    expect(refusal(page)).toBe(
      'x.safetensors: expected a safetensors file, got one that begins with "<!DOCTYPE html>\\n<htm"',
    );
    const latin1 = fileOf('{"a":1}');
    latin1[10] = 0xe9;
    expect(refusal(latin1)).toContain('UTF-8');
  });

  it.each([
    ['expected {, got its end at character 0', ''],
    ['expected {, got " {}" at character 0', ' {}'],
    ['expected {, got "[]"', '[]'],
    ['expected the end of the header, got "x" at character 3', '{} x'],
    ['expected a text in quotes, got "\\"a"', '{"a'],
    ['expected a text in quotes', '{"a\\x":1}'],
    ['expected a text in quotes', '{"a\\":1}'],
    ['expected :, got "1}"', '{"a" 1}'],
    ['expected {, got "1}"', '{"a":1}'],
    ['expected {, got "null}"', '{"a":null}'],
    ['tensor "a": expected a type, a shape and two data offsets, got dtype none', '{"a":{}}'],
    ['data_offsets [0]', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}'],
    ['data_offsets [0,1,1]', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}'],
    ['expected ", got "8}}"', '{"a":{"dtype":8}}'],
    ['tensor "a": expected a non-negative integer below 2^53, got "1.5]}}"', '{"a":{"shape":[1.5]}}'],
    ['got "1e3]}}"', '{"a":{"shape":[1e3]}}'],
    ['got "-1]}}"', '{"a":{"shape":[-1]}}'],
    ['expected a non-negative integer', '{"a":{"shape":["1"]}}'],
    ['expected a non-negative integer', '{"a":{"shape":[01]}}'],
    ['expected a non-negative integer below 2^53', '{"a":{"shape":[9007199254740992]}}'],
    ['expected at most 64 integers', `{"a":{"shape":[${'1,'.repeat(1e6)}1]}}`],
    ['expected a non-negative integer', '{"a":{"shape":[1,]}}'],
    ['expected a non-negative integer', '{"a":{"shape":[[1]]}}'],
    ['expected dtype, shape, data_offsets, got "size"', '{"a":{"size":[1]}}'],
    ['tensor "a": expected every key once, got "shape" again', '{"a":{"shape":[1],"shape":[1]}}'],
    ['expected ", got "1}}"', '{"__metadata__":{"a":1}}'],
    ['__metadata__: expected every key once, got "a" again', '{"__metadata__":{"a":"1","a":"1"}}'],
    ['the header: expected every key once', '{"__metadata__":{},"__metadata__":{}}'],
    ['expected {, got', `{"a":${'['.repeat(1e6)}`],
    ['tensor "a": expected dtype, shape, data_offsets', `{"a":${'{"a":'.repeat(1e5)}`],
  ])('in its grammar: %s', (message, header) => {
    expect(refusal(fileOf(header))).toContain(message);
  });

  it.each([
    ['tensor "a": expected 8 bytes for F32 [2], got 4 (0 to 4)', 4, { a: f32([2], 0, 4) }],
    ['tensor "a": expected 4 bytes for F32 [1], got -4 (4 to 0)', 4, { a: f32([1], 4, 0) }],
    ['tensor "a": expected data up to byte 4, got 3 bytes: a truncated file', 3, { a: f32([1], 0, 4) }],
    ['expected 4 bytes of tensors, got 5: surplus bytes at the end', 5, { a: f32([1], 0, 4) }],
    ['tensor "a": expected data at byte 0, got 1: leaves a hole before it', 5, { a: f32([1], 1, 5) }],
    ['tensor "b": expected data at byte 4, got 5: leaves a hole', 9, { a: f32([1], 0, 4), b: f32([1], 5, 9) }],
    ['tensor "b": expected data at byte 8, got 4: overlaps', 8, { a: f32([2], 0, 8), b: f32([1], 4, 8) }],
    ['tensor "b": expected data at byte 8, got 0: overlaps', 8, { a: f32([2], 0, 8), b: f32([2], 0, 8) }],
    ['tensor "a": expected a shape of sizes that fit a file', 4, { a: f32([2 ** 30, 2 ** 30], 0, 4) }],
    ['tensor "a": expected a shape of sizes that fit a file', 0, { a: f32([2 ** 50, 2 ** 50, 0], 0, 0) }],
    [',...] (60 sizes)', 4, { a: f32(Array(60).fill(2 ** 50), 0, 4) }],
    ['tensor "a": expected a type among BOOL, U8,', 4, { a: { ...f32([1], 0, 4), dtype: 'F33' } }],
    ['got "toString"', 4, { a: { ...f32([1], 0, 4), dtype: 'toString' } }],
    [`tensor "${'n'.repeat(100)}...": expected 4 bytes`, 4, { ['n'.repeat(1000)]: f32([1], 0, 3) }],
  ])('about its tensors: %s', (message, dataBytes, header) => {
    expect(refusal(fileOf(header, dataBytes))).toContain(message);
  });

  it('by keeping two tensors of one name, one of them hidden behind an escape', () => {
    const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
    expect(refusal(fileOf(`{"a":${entry},"\\u0061":${entry}}`))).toContain('expected every key once, got "a" again');
  });

  it('however it is cut and damaged: an InputError or a whole file, at once', () => {
    const whole = encodeSafetensors(
      [
        ['w', safetensor(Float32Array.from({ length: 12 }, Math.sqrt), [3, 4])],
        ['layer."q"\\', safetensor(Uint32Array.of(1, 2), [2])],
      ],
      { format: 'pt' },
    );
    const random = new Random(1);
    const started = performance.now();
    for (let round = 0; round < 5000; round++) {
      let bytes = whole.slice(0, random.below(3) === 0 ? random.below(whole.length) : whole.length);
      for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      }
      if (random.below(4) === 0) {
        const cut = random.below(bytes.length + 1);
        bytes = Uint8Array.of(...bytes.subarray(0, cut), random.below(256), ...bytes.subarray(cut));
      }
      try {
        const { tensors } = parseSafetensors(bytes, 'x');
        let size = 0;
        for (const { data } of tensors.values()) size += data.byteLength;
        expect(size).toBeLessThan(bytes.length);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('typed values', () => {
  const tensor = (dtype: SafetensorsTensor['dtype'], values: { buffer: ArrayBufferLike; length: number }) => ({
    dtype,
    shape: [values.length],
    data: new Uint8Array(values.buffer as ArrayBuffer),
  });

  it('asFloat32 reads every float type', () => {
    expect(asFloat32(tensor('F32', Float32Array.of(1.5, -0)), 'x')).toEqual(Float32Array.of(1.5, -0));
    expect(asFloat32(tensor('F64', Float64Array.of(0.1, 1e300)), 'x')).toEqual(Float32Array.of(0.1, Infinity));
    expect(asFloat32(tensor('F16', Uint16Array.of(0x3c00, 0xc100, 0x0001)), 'x')).toEqual(
      Float32Array.of(1, -2.5, 2 ** -24),
    );
    expect(asFloat32(tensor('BF16', Uint16Array.of(0x3f80, 0xc020, 0x7f80)), 'x')).toEqual(
      Float32Array.of(1, -2.5, Infinity),
    );
    expect(messageOf(() => asFloat32(tensor('I32', Int32Array.of(1)), 'x: tensor "a"'))).toBe(
      'x: tensor "a": expected F32, F16, BF16 or F64, got I32 [1]',
    );
  });

  it('asUint8Mask reads bytes and floats of 0 and 1', () => {
    const mask = Uint8Array.of(1, 0, 1);
    expect(asUint8Mask(tensor('BOOL', mask), 'x')).toEqual(mask);
    expect(asUint8Mask(tensor('U8', mask), 'x')).not.toBe(mask);
    expect(asUint8Mask(tensor('F32', Float32Array.from(mask)), 'x')).toEqual(mask);
    expect(asUint8Mask(tensor('F16', Uint16Array.of(0x3c00, 0, 0x3c00)), 'x')).toEqual(mask);
    expect(messageOf(() => asUint8Mask(tensor('BOOL', Uint8Array.of(0, 2)), 'x'))).toContain('got 2 at element 1');
    expect(messageOf(() => asUint8Mask(tensor('F32', Float32Array.of(NaN)), 'x'))).toContain('got NaN at element 0');
    expect(messageOf(() => asUint8Mask(tensor('I64', BigInt64Array.of(1n)), 'x'))).toContain('got I64 [1]');
  });

  it('asBytes reads bytes', () => {
    expect(asBytes(tensor('U8', Uint8Array.of(3)), 'x')).toEqual(Uint8Array.of(3));
    expect(messageOf(() => asBytes(tensor('F32', Float32Array.of(1)), 'x'))).toBe('x: expected U8, got F32 [1]');
  });

  it('asUint32 reads integers in range', () => {
    expect(asUint32(tensor('U32', Uint32Array.of(4294967295)), 'x')).toEqual(Uint32Array.of(4294967295));
    expect(asUint32(tensor('I32', Int32Array.of(7)), 'x')).toEqual(Uint32Array.of(7));
    expect(asUint32(tensor('I64', BigInt64Array.of(4294967295n, 0n)), 'x')).toEqual(Uint32Array.of(4294967295, 0));
    expect(messageOf(() => asUint32(tensor('I32', Int32Array.of(0, -1)), 'x'))).toContain('got -1 at element 1');
    expect(messageOf(() => asUint32(tensor('I64', BigInt64Array.of(2n ** 32n)), 'x'))).toContain('got 4294967296');
    expect(messageOf(() => asUint32(tensor('F32', Float32Array.of(1)), 'x'))).toContain('expected U32, I32 or I64');
  });
});
