// Bundles: what goes in comes out, sizes that fall with density, and damaged files.

import { describe, expect, it } from 'vitest';
import { MNIST } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';
import { initialMask, initialTopology } from '../../src/sparse/index.js';
import {
  asFloat32,
  completeSettings,
  encodeBundle,
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsTensor,
  safetensor,
  unpackBundle,
} from '../../src/train/index.js';
import { normalValues } from '../support/compare.js';

const where = 'model.bundle';
const settings = completeSettings({ model: 'lenet300-100', dataSet: 'mnist' }, MNIST);
const [ROWS, COLUMNS] = [60, 130];
const dense = normalValues(ROWS * COLUMNS, 1);
const bias = safetensor(normalValues(ROWS, 2), [ROWS]);

/** A layer in blocks, as `readState` gives it. */
function blockState(sparsity: number, rows = ROWS, columns = COLUMNS): Map<string, SafetensorsTensor> {
  const blocks = initialTopology(normalValues(rows * columns, 1), { rows, columns, blockSize: 8, sparsity });
  return new Map([
    ['fc.weight.blocks.values', safetensor(blocks.values, [blocks.numBlocks, 8, 8])],
    ['fc.weight.blocks.group_rows', safetensor(blocks.groupRows, [blocks.groupRows.length])],
    ['fc.weight.blocks.group_start', safetensor(blocks.groupStart, [blocks.groupStart.length])],
    ['fc.weight.blocks.block_columns', safetensor(blocks.blockColumns, [blocks.blockColumns.length])],
    ['fc.bias', bias],
  ]);
}

function maskedState(sparsity: number): Map<string, SafetensorsTensor> {
  const mask = initialMask(dense, sparsity);
  return new Map([
    [
      'fc.weight',
      safetensor(
        dense.map((value, i) => (mask[i] === 1 ? value : 0)),
        [ROWS, COLUMNS],
      ),
    ],
    ['fc.weight_mask', safetensor(mask, [ROWS, COLUMNS])],
    ['fc.bias', bias],
  ]);
}

const unpacked = (bytes: Uint8Array) => unpackBundle(parseSafetensors(bytes, where), where);
const plain = (tensors: ReadonlyMap<string, SafetensorsTensor>) =>
  Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: Buffer.from(data).toString('hex') },
    ]),
  );

describe.each([
  ['blocks', blockState],
  ['mask', maskedState],
])('%s', (_, stateOf) => {
  it('come back bit for bit, with their settings', () => {
    const back = unpacked(encodeBundle(stateOf(0.8), settings));
    expect(plain(back.tensors)).toEqual(plain(stateOf(0.8)));
    expect(back.settings).toEqual(settings);
  });

  it('take space with density', () => {
    const size = (sparsity: number) => encodeBundle(stateOf(sparsity), settings).length;
    expect(size(0.95)).toBeLessThan(size(0.5) / 3);
  });

  it('as halves: weights rounded, biases exact, nearly half the size', () => {
    const half = encodeBundle(stateOf(0.5), settings, { half: true });
    expect(half.length).toBeLessThan(0.6 * encodeBundle(stateOf(0.5), settings).length);
    const { tensors } = unpacked(half);
    expect(tensors.get('fc.bias')).toEqual(bias);
    const name = tensors.has('fc.weight') ? 'fc.weight' : 'fc.weight.blocks.values';
    const exact = asFloat32(stateOf(0.5).get(name)!, name);
    const rounded = asFloat32(tensors.get(name)!, name);
    // Half of the last of 11 binary digits.
    expect(exact.every((value, i) => Math.abs(rounded[i] - value) <= Math.abs(value) * 2 ** -11)).toBe(true);
  });
});

it('tables have 16 bits, padding included, up to column 65534, and 32 beyond', () => {
  const columnsOf = (columns: number) => {
    const state = blockState(0, 8, columns);
    const bytes = encodeBundle(state, settings);
    expect(plain(unpacked(bytes).tensors)).toEqual(plain(state));
    return parseSafetensors(bytes, where).tensors.get('fc.weight.blocks.block_columns')!.dtype;
  };
  expect(columnsOf(65535)).toBe('U16');
  expect(columnsOf(65536)).toBe('U32');
});

describe('refuses', () => {
  const { metadata, tensors } = parseSafetensors(encodeBundle(maskedState(0.8), settings), where);

  function refusal(change: Record<string, SafetensorsTensor | undefined>, texts: Record<string, string> = {}): string {
    const changed = Object.entries({ ...Object.fromEntries(tensors), ...change });
    const present = changed.filter((entry): entry is [string, SafetensorsTensor] => entry[1] !== undefined);
    try {
      unpacked(encodeSafetensors(present, { ...metadata, ...texts }));
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).message;
    }
    return 'accepted';
  }

  it('missing parts, and bits that do not fit shape or values', () => {
    const name = 'fc.weight.masked';
    expect(refusal({ [`${name}.bits`]: undefined })).toBe(`${where}: "${name}": expected its bits, got none`);
    expect(refusal({ [`${name}.shape`]: safetensor(Uint32Array.of(4e9, 4e9), [2]) })).toMatch(
      /" bits: expected 2000000000000000000 bytes for \[4000000000,4000000000\], got 975$/,
    );
    const bits = tensors.get(`${name}.bits`)!;
    const flipped = bits.data.slice();
    flipped[0] ^= 1;
    expect(refusal({ [`${name}.bits`]: { ...bits, data: flipped } })).toMatch(
      /values: expected 15(58|60) values as the bits say, got 1559$/,
    );
  });

  it('a mask that grows far beyond the file, in a moment', () => {
    const name = 'fc.weight.masked';
    const start = performance.now();
    const message = refusal({
      [`${name}.bits`]: safetensor(new Uint8Array(2 ** 21), [2 ** 21]),
      [`${name}.shape`]: safetensor(Uint32Array.of(2 ** 12, 2 ** 12), [2]),
    });
    expect(message).toBe(`${where}: "${name}" values: expected 0 values as the bits say, got 1559`);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each([
    ['', /expected settings with model and data set in its metadata, got none$/],
    ['{', /got something else$/],
    ['null', /got something else$/],
    [
      JSON.stringify({ ...settings, classes: 1e9 }),
      /expected classes from 1 to 65535 in its settings, got 1000000000$/,
    ],
    [
      JSON.stringify({ ...settings, std: [1, 2] }),
      /expected std with a number for each channel in its settings, got \[1,2\]$/,
    ],
    [
      JSON.stringify({ ...settings, classes: { toString: 1 } }),
      /expected classes from 1 to 65535 in its settings, got \{"toString":1\}$/,
    ],
    [
      JSON.stringify({ ...settings, std: { toString: 1 } }),
      /expected std with a number for each channel in its settings, got \{"toString":1\}$/,
    ],
    [
      JSON.stringify({ ...settings, dropout: { toString: 1 } }),
      /expected dropout a number in its settings, got \{"toString":1\}$/,
    ],
  ])('settings %s', (text, message) => {
    expect(refusal({}, { settings: text })).toMatch(message);
  });
});
