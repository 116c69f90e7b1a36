// What is read from a .wgsl text and written into it, and what is refused.
import { describe, expect, it } from 'vitest';
import { Kernel } from '../../src/device/kernel.js';
import { packParams, parseWgsl, specialize } from '../../src/device/wgsl.js';

const SOURCE = `// const TILE: u32 = 99; in a comment
const TILE: u32 = 16;
const SCALE: f32 = 0.5;
const HALF: f16 = 1.0h;
const OFFSET = -3;
const TINY: f32 = 1.5e-7;
const AREA: u32 = TILE * TILE;
const NONE: u32 = 0xffffffffu;
alias Vec = vec4<f32>;

struct Params {
  count: u32, // elements
  shift: i32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read_write> y: array<Vec>;
@group(0) @binding(1)
var<storage> table: array<u32>;
// @group(0) @binding(7) var<storage> ghost: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
`;

describe('parseWgsl', () => {
  it('reads bindings, parameters and literal constants', () => {
    expect(parseWgsl(SOURCE)).toEqual({
      bindings: [
        { name: 'x', index: 0, access: 'read' },
        { name: 'y', index: 3, access: 'read_write' },
        { name: 'table', index: 1, access: 'read' },
      ],
      paramsIndex: 2,
      params: [
        { name: 'count', type: 'u32' },
        { name: 'shift', type: 'i32' },
        { name: 'factor', type: 'f32' },
      ],
      constants: { TILE: 16, SCALE: 0.5, OFFSET: -3, TINY: 1.5e-7 },
    });
  });

  it('needs neither bindings nor parameters', () => {
    expect(parseWgsl('@compute @workgroup_size(1) fn main() {}')).toEqual({
      bindings: [],
      paramsIndex: undefined,
      params: [],
      constants: {},
    });
  });

  it.each([
    ['@group(1) @binding(0) var<storage> x: array<f32>;', 'WGSL binding x: expected @group(0), got @group(1)'],
    ['@group(0) @binding(0) var<uniform> scale: f32;', 'WGSL uniform scale: the only uniform is "params"'],
    ['@group(0) @binding(0) var<uniform> params: Params;', 'WGSL: var<uniform> params without struct Params'],
    [
      'struct Params { a: u32, b: vec2<u32> }',
      'WGSL Params.b: expected a 4-byte scalar (u32, i32, f32), got vec2<u32>',
    ],
    ['struct Params { a: f16 }', 'WGSL Params.a: expected a 4-byte scalar (u32, i32, f32), got f16'],
  ])('refuses %s', (source, message) => {
    expect(() => parseWgsl(source)).toThrow(new Error(message));
    expect(() => new Kernel('dir/file.wgsl', source).layout).toThrow(new Error(`dir/file.wgsl: ${message}`));
  });
});

describe('specialize', () => {
  it('enables f16 for a type of it, once, and moves no line', () => {
    const half = specialize(SOURCE, { Vec: 'vec4<f16>' });
    expect(half.split('\n')[0]).toBe('enable f16; // const TILE: u32 = 99; in a comment');
    expect(half.replace('enable f16; ', '')).toBe(SOURCE.replace('vec4<f32>', 'vec4<f16>'));
    expect(specialize(half, { Vec: 'f16' }).match(/enable f16;/g)).toHaveLength(1);
    expect(specialize(SOURCE, { Vec: 'vec4<f32>' })).toBe(SOURCE);
  });

  it('enables subgroups for a function that uses them, beside f16', () => {
    const source = '// First.\nalias Vec = f32;\nfn own(value: Vec, lane: u32) -> Vec { return value; }\n';
    const shared = specialize(source, { own: 'subgroupShuffle(value, lane)' });
    expect(shared).toBe(
      'enable subgroups; diagnostic(off, subgroup_uniformity); // First.\nalias Vec = f32;\n' +
        'fn own(value: Vec, lane: u32) -> Vec { return subgroupShuffle(value, lane); }\n',
    );
    expect(specialize(shared, { own: 'subgroupBroadcastFirst(value)' }).match(/enable subgroups/g)).toHaveLength(1);
    expect(specialize(shared, { Vec: 'f16' })).toMatch(/^enable f16; enable subgroups; diagnostic/);
    expect(specialize(source, { own: 'value + value' })).not.toContain('enable');
  });

  it('rewrites the lines named and no other, and no line moves', () => {
    const text = specialize(SOURCE, { TILE: 8, SCALE: 2, OFFSET: 7, Vec: 'f32' });
    const changed = text.split('\n').filter((line, i) => line !== SOURCE.split('\n')[i]);
    expect(changed).toEqual([
      'const TILE: u32 = 8;',
      'const SCALE: f32 = 2.0;',
      'const OFFSET = 7;',
      'alias Vec = f32;',
    ]);
    expect(parseWgsl(text).constants).toMatchObject({ TILE: 8, SCALE: 2, OFFSET: 7 });
  });

  it('replaces expressions and keeps fractions', () => {
    const text = specialize(SOURCE, { AREA: 64, SCALE: 0.25, HALF: 2 });
    expect(text).toContain('const AREA: u32 = 64;');
    expect(text).toContain('const SCALE: f32 = 0.25;');
    expect(text).toContain('const HALF: f16 = 2.0;');
  });

  it.each(['TILES', 'count', 'x', 'Params'])('refuses %s, which is no such line', (name) => {
    expect(() => specialize(SOURCE, { [name]: 1 })).toThrow(
      new Error(`specialize: no line "const ${name} = ...", "alias ${name} = ..." or "fn ${name}(...)" in the source`),
    );
  });
});

describe('Kernel', () => {
  it('keeps one variant for the same values', () => {
    const kernel = new Kernel('a.wgsl', SOURCE);
    expect(kernel.with({ TILE: 8 })).toBe(kernel.with({ TILE: 8 }));
    expect(kernel.with({ TILE: 8 }).constant('TILE')).toBe(8);
    expect(kernel.constant('TILE')).toBe(16);
  });

  it('tells which constants it lacks', () => {
    expect(() => new Kernel('a.wgsl', SOURCE).constant('AREA')).toThrow(new Error('a.wgsl: no literal constant AREA'));
  });
});

describe('packParams', () => {
  const layout = parseWgsl(SOURCE);
  const pack = (values: Record<string, number>) => packParams(layout, values, 'a.wgsl');

  it('packs words in the order of the struct, whatever that of the values', () => {
    const view = new DataView(pack({ factor: 0.1, shift: -5, count: 4294967295 }).buffer);
    expect([view.getUint32(0, true), view.getInt32(4, true), view.getFloat32(8, true)]).toEqual([
      4294967295,
      -5,
      Math.fround(0.1),
    ]);
    expect(view.byteLength).toBe(16);
    expect(
      packParams(
        parseWgsl('struct Params { a: u32, b: u32, c: u32, d: u32, e: u32 }'),
        { a: 1, b: 2, c: 3, d: 4, e: 5 },
        '',
      ).length,
    ).toBe(32);
  });

  it.each([
    [{ count: 1, shift: 2 }, 'parameter "factor" is missing'],
    [{ count: 1, shift: 2, factor: 3, size: 4 }, 'unknown parameter size'],
    [{ count: 1, shift: 2, factor: 3, size: 4, more: 5 }, 'unknown parameters size, more'],
    [{ count: -1, shift: 2, factor: 3 }, 'parameter "count" expected u32, got -1'],
    [{ count: 1.5, shift: 2, factor: 3 }, 'parameter "count" expected u32, got 1.5'],
    [{ count: 2 ** 32, shift: 2, factor: 3 }, 'parameter "count" expected u32, got 4294967296'],
    [{ count: Number.NaN, shift: 2, factor: 3 }, 'parameter "count" expected u32, got NaN'],
    [{ count: 1, shift: 2 ** 31, factor: 3 }, 'parameter "shift" expected i32, got 2147483648'],
    [{ count: 1, shift: -(2 ** 31) - 1, factor: 3 }, 'parameter "shift" expected i32, got -2147483649'],
    [{ count: 1, shift: 0.5, factor: 3 }, 'parameter "shift" expected i32, got 0.5'],
    [{ count: 1, shift: 2, factor: '3' as never }, 'parameter "factor" expected f32, got 3'],
  ])('refuses %o', (values, message) => {
    expect(() => pack(values as Record<string, number>)).toThrow(new Error(`a.wgsl: ${message}`));
  });
});
