// Every kernel compiles, as it stands and in every form in which an operation uses it, on a backend that executes nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Kernel, kernel, openDevice, type Specialization, type WgslFile } from '../../src/device/index.js';
import { forBatch } from '../../src/shaders/launch.js';
import { withSharers } from '../../src/shaders/sharers.js';
import * as embedded from '../../src/wgsl.generated.js';

const files: Readonly<Record<string, WgslFile>> = embedded;
const device = await openDevice({ backend: 'null', matrixUnits: true });
afterAll(() => device.destroy());

const BLOCK_SIZES = [4, 5, 8, 16, 32, 64];

/** Rows B of a block times the Vecs a thread: what columnsPerThread gives on software and hardware, and 1. */
const BLOCK_TILES = BLOCK_SIZES.flatMap((BLOCK) =>
  [64, 16, 1].map((most) => ({
    BLOCK,
    COLUMNS: Math.max(1, Math.min(4, Math.floor(most / BLOCK))),
    Value: BLOCK % 4 === 0 ? 'vec4<f32>' : 'f32',
    WORKGROUP_SIZE: 64,
    STRIP: most === 64 ? 8 : 64,
  })),
);

/** The same with values of either type. */
const VALUED_BLOCK_TILES = BLOCK_TILES.flatMap((tile) =>
  ['f32', 'f16'].map((dtype) => ({ ...tile, StoredValue: tile.Value.replace('f32', dtype) })),
);

/** Matrix units of NVIDIA. The null backend asks for whole subgroups of 128, which smaller ones would not fill. */
const UNITS = { UNIT_M: 16, UNIT_N: 16, UNIT_K: 16, SUBGROUP: 32, SUBGROUPS: 4 };
const MATRIX_TILES = [16, 32].map((BLOCK) => ({ ...UNITS, BLOCK }));
const DENSE_MATRIX_TILES = [1, 2].map((ROW_TILES) => ({ ...UNITS, ROW_TILES, COLUMN_TILES: 4 }));
/** What a convolution does to its sums before it stores them. */
const EPILOGUES = [
  { BIAS: 0, ADDEND: 0, Added: 'f32' },
  { BIAS: 1, ADDEND: 0, Added: 'f32' },
  { BIAS: 0, ADDEND: 1, Added: 'Stored' },
].flatMap((added) => [0, 1].map((STATISTICS) => ({ ...added, STATISTICS })));

const HALVES = [
  { StoredX: 'f32', StoredY: 'f32' },
  { StoredX: 'f16', StoredY: 'f16' },
];
const FROM_HALF = { StoredX: 'f16', StoredY: 'f32' };

/**
 * The arguments of every `.with({ ... })` in src/shaders, by kernel. What `forBatch` does to kernels that have `Stored`, and LANES, and
 * `withSharers` to those that have SHARERS, is not in the table: the test applies it to all of them.
 */
const SPECIALIZATIONS: Readonly<Record<string, readonly Specialization[]>> = {
  batch_norm_forward: [0, 1].flatMap((RELU) => [0, 1].map((ADDEND) => ({ RELU, ADDEND }))),
  batch_norm_grad_input: [0, 1].flatMap((RELU) => [0, 1].map((ADDEND) => ({ RELU, ADDEND }))),
  batch_norm_grad_sums: [{ RELU: 0 }, { RELU: 1 }],
  block_conv2d_forward: VALUED_BLOCK_TILES.flatMap((tile) => EPILOGUES.map((epilogue) => ({ ...tile, ...epilogue }))),
  block_conv2d_grad_columns: VALUED_BLOCK_TILES,
  block_conv2d_grad_input: [64, 256].flatMap((WORKGROUP_SIZE) =>
    [1, 2].map((STRIDE) => ({
      ...{ COLUMNS: 1, WORKGROUP_SIZE, STRIP: 8, STRIDE, PHASES: STRIDE, KERNEL_WIDTH: 5 },
      ADDEND: STRIDE - 1,
    })),
  ),
  block_conv2d_grad_weight: BLOCK_SIZES.flatMap((BLOCK) =>
    [8, 4, 2].map((COLUMNS) => ({
      BLOCK,
      ROWS: Math.min(32, BLOCK),
      COLUMNS,
      LEAST_COLUMN_THREADS: COLUMNS === 2 ? 8 : 1,
      TILE: 64,
      POSITIONS: Math.min(32, 2 ** Math.floor(Math.log2(512 / BLOCK))),
    })),
  ),
  conv2d_gather: [
    [1, 16, 64],
    [4, 16, 64],
    [2, 24, 64],
    [1, 8, 64],
    [4, 8, 64],
    [2, 8, 128],
    [2, 32, 64],
  ].flatMap(([COLUMNS, ROWS, WORKGROUP_SIZE]) =>
    ['f32', 'f16'].flatMap((StoredWeight) =>
      EPILOGUES.map((epilogue) => ({ COLUMNS, ROWS, WORKGROUP_SIZE, StoredWeight, ...epilogue })),
    ),
  ),
  conv2d_grad_weight: [
    { COLUMNS: 4, TILE: 64, ROWS: 32, POSITIONS: 16 },
    ...[8, 4].flatMap((COLUMNS) => [64, 32].map((TILE) => ({ COLUMNS, TILE, ROWS: 16 }))),
    ...[64, 32].flatMap((TILE) => [32, 24].map((ROWS) => ({ COLUMNS: 2, TILE, ROWS, POSITIONS: 16 }))),
    ...[64, 32].map((TILE) => ({ COLUMNS: 4, TILE, ROWS: 8 })),
  ],
  gather_labels: [{ LABEL_BYTES: 4 }],
  matrix_block_conv2d_forward: MATRIX_TILES.flatMap((tile) =>
    [
      { BIAS: 1, ADDEND: 0, Added: 'f32' },
      { BIAS: 0, ADDEND: 1, Added: 'vec4<f16>' },
    ].map((epilogue) => ({ ...tile, ...epilogue, COLUMN_TILES: 32 / tile.BLOCK })),
  ),
  matrix_block_conv2d_grad_columns: MATRIX_TILES.map((tile) => ({ ...tile, COLUMN_TILES: 1 })),
  matrix_block_conv2d_grad_weight: MATRIX_TILES.map((tile) => ({ ...tile, TILE: 64, POSITIONS: 2 * tile.UNIT_K })),
  matrix_conv2d_gather: DENSE_MATRIX_TILES.flatMap((tile) =>
    ['row', 'col'].map((order) => ({
      ...tile,
      BIAS: 1,
      ADDEND: 1,
      left_at: `subgroupMatrixLoad<Left, ${order}_major>(&weight, at, params.line_stride)`,
    })),
  ),
  matrix_conv2d_grad_weight: DENSE_MATRIX_TILES,
  peak_copy: [{ VECS: 4 }, { VECS: 16 }],
  peak_multiply_add: [2, 4, 8, 16].flatMap((SUMS) => [0, 1].map((FUSED) => ({ SUMS, FUSED }))),
  reduce_columns: [0, 1].flatMap((MAXIMUM) => [...HALVES, FROM_HALF].map((types) => ({ MAXIMUM, ...types }))),
  reduce_grad_input: [0, 1].flatMap((MAXIMUM) => HALVES.map((types) => ({ MAXIMUM, ...types }))),
  reduce_rows: [0, 1].flatMap((MAXIMUM) => [...HALVES, FROM_HALF].map((types) => ({ MAXIMUM, ...types }))),
};

/** Further lines that change where a Vec is one number. */
const SCALAR_LANES: Readonly<Record<string, Specialization>> = {
  max_pool2d_forward: { Taps: 'u32' },
  max_pool2d_grad_input: { Taps: 'u32' },
};

/** Whether two threads can load for each other: quads of rows come in pairs. */
function canShare({ layout: { constants } }: Kernel): boolean {
  const quads = Math.ceil((constants.BLOCK ?? constants.ROWS) / 4);
  return constants.SHARERS !== undefined && quads % 2 === 0;
}

/** Every form of a kernel, as it stands first. */
function formsOf(name: string): Kernel[] {
  const whole = kernel(files[name]);
  const plain = [whole, ...(SPECIALIZATIONS[name] ?? []).map((values) => whole.with(values))];
  const forms = plain.flatMap((form) => (canShare(form) ? [form, withSharers(form, 2)] : [form]));
  if (!/^alias Stored = /m.test(whole.source)) return forms;
  const batches = whole.layout.constants.LANES === undefined ? [4] : [4, 1];
  return forms.flatMap((form) =>
    batches.flatMap((batch) =>
      (['f32', 'f16'] as const).map((dtype) =>
        forBatch(form, batch, dtype).with(batch === 1 ? (SCALAR_LANES[name] ?? {}) : {}),
      ),
    ),
  );
}

/** Compiles, binds and dispatches; rejects with what is wrong. */
async function compile(form: Kernel): Promise<void> {
  const bindings = form.layout.bindings.map(
    ({ name }) => [name, { buffer: device.allocate(4096), sizeBytes: 4096 }] as const,
  );
  const params = form.layout.params.map(({ name }) => [name, 0] as const);
  device.run(form, Object.fromEntries(bindings), Object.fromEntries(params), 1);
  await device.finish();
  for (const [, { buffer }] of bindings) device.free(buffer);
}

describe('every .wgsl file', () => {
  const names = Object.keys(files);

  it('is embedded', () => {
    const shaders = readdirSync('src', { recursive: true }).filter((path) => String(path).endsWith('.wgsl'));
    expect(names.length).toBe(shaders.length);
    expect(names.length).toBeGreaterThan(10);
  });

  it.each(names)('%s compiles in all its forms', async (name) => {
    for (const form of formsOf(name)) await compile(form);
  });

  it.each(names)("%s keeps within WebGPU's default limits", (name) => {
    const { bindings, constants } = kernel(files[name]).layout;
    expect(bindings.length).toBeLessThanOrEqual(8);
    expect(constants.WORKGROUP_SIZE ?? 1).toBeLessThanOrEqual(256);
  });

  it.each(names)('%s opens with what it computes', (name) => {
    expect(readFileSync(files[name].path, 'utf8')).toMatch(/^\/\/ \S/);
  });
});

describe('the table', () => {
  it('names only kernels that there are', () => {
    for (const name of [...Object.keys(SPECIALIZATIONS), ...Object.keys(SCALAR_LANES)]) {
      expect(Object.keys(files)).toContain(name);
    }
  });

  it('knows every operation that specialises its kernels', () => {
    const sources = readdirSync('src/shaders', { recursive: true })
      .map((path) => join('src/shaders', String(path)))
      .filter((path) => path.endsWith('.ts') && !/(launch|sharers)\.ts$/.test(path));
    const unknown = sources.filter((path) => {
      const text = readFileSync(path, 'utf8');
      const keys = [...text.matchAll(/\.with\(\s*(\{[^}]*\}|\w+)/g)].flatMap(([, argument]) => keysOf(argument, text));
      const imported = Object.keys(files).filter((name) => new RegExp(`\\b${name}\\b`).test(text));
      const covered = new Set(
        imported.flatMap((name) => [...(SPECIALIZATIONS[name] ?? []), SCALAR_LANES[name] ?? {}].flatMap(Object.keys)),
      );
      return keys.some((key) => !covered.has(key));
    });
    expect(unknown).toEqual([]);
  });
});

/** Names of the constants in the argument of a `.with()`: an object, or the name of one declared in the same text. */
function keysOf(argument: string, text: string): string[] {
  const object = argument.startsWith('{')
    ? argument
    : new RegExp(`\\b${argument}\\s*(?:=|:)\\s*(\\{[^}]*\\})`).exec(text)?.[1];
  if (object === undefined) throw new Error(`compile test: found no object for .with(${argument})`);
  return [...object.matchAll(/([A-Za-z]\w*)\s*:/g)].map(([, key]) => key);
}

describe('a file that does not compile', () => {
  const { path, text } = files.gradient_sum;
  const lineOf = (part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

  it.each([
    ['a misspelt name', 'vec4<f32>(b[i])', 'vec4<f32>(c[i])', /unresolved value 'c'/],
    ['a wrong type', 'i < params.count)', 'i < f32(params.count))', /no matching overload/],
    ['a missing semicolon', '(b[i]));', '(b[i]))', /expected ';'/],
  ])('%s is told with line and column', async (_, right, wrong, reason) => {
    expect(text).toContain(right);
    const error = await compile(new Kernel(path, text.replace(right, wrong))).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'KernelError', kernel: path, line: lineOf(right) });
    expect(error.column).toBeGreaterThan(1);
    expect(error.message).toMatch(reason);
  });
});
