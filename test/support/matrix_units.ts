// A device with matrix units for tests: the adapter's own where it has some, and emulated by plain loops elsewhere, so that the kernels'
// indexing is checked on any adapter with f16.

import type { Device } from '../../src/device/index.js';

/** A kind of matrix units: rows, columns, depth of a multiplication, invocations of a subgroup. */
export interface UnitShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly subgroup: number;
}

/** Makes `device` believe in matrix units of that shape, and rewrites the kernels that use them. */
export function emulateMatrixUnits(device: Device, { subgroup, ...shape }: UnitShape): void {
  const { gpu } = device as unknown as { gpu: GPUDevice };
  const compile = gpu.createShaderModule.bind(gpu);
  gpu.createShaderModule = ({ code, ...rest }) => compile({ ...rest, code: emulated(code) });
  const has = device.has.bind(device);
  // No other subgroups: kernels would take them to be of the size that is emulated.
  const emulatedFeatures: Record<string, boolean> = { 'chromium-experimental-subgroup-matrix': true, subgroups: false };
  device.has = (feature) => emulatedFeatures[feature] ?? has(feature);
  Object.assign(device.info.adapter, {
    subgroupMinSize: subgroup,
    subgroupMaxSize: subgroup,
    subgroupMatrixConfigs: [{ ...shape, componentType: 'f16', resultComponentType: 'f32' }],
  });
}

/** Rows and columns of each type of matrix. */
const EXTENTS: Readonly<Record<string, readonly [string, string]>> = {
  Left: ['UNIT_M', 'UNIT_K'],
  Right: ['UNIT_K', 'UNIT_N'],
  Sums: ['UNIT_M', 'UNIT_N'],
};

/** What an invocation holds: one row of what is multiplied from the left and of sums, all of what is multiplied from the right. */
const HELD: Readonly<Record<string, string>> = { Left: 'UNIT_K', Right: 'UNIT_K * UNIT_N', Sums: 'UNIT_N' };

/** `body` for each element that an invocation holds, with `r` and `c` its place in the matrix and # its place in what is held. */
function over(matrix: string, body: string): string {
  const [rows, columns] = EXTENTS[matrix];
  const across = (text: string) => `for (var c = 0u; c < ${columns}; c++) { ${text} }`;
  if (matrix !== 'Right') return `let r = own_row; ${across(body.replace(/#/g, 'c'))}`;
  return `for (var r = 0u; r < ${rows}; r++) { ${across(body.replace(/#/g, `r * ${columns} + c`))} }`;
}

/** The same program, in which an invocation computes one row of the subgroup's matrices. */
export function emulated(code: string): string {
  if (!code.includes('chromium_experimental_subgroup_matrix')) return code;
  const functions = new Map<string, string>();
  const indexed = (order: string) => (order === 'row' ? 'r * stride + c' : 'c * stride + r');
  const load = (_: string, matrix: string, order: string, buffer: string) => {
    const name = `load_${matrix}_${order}_${buffer}`;
    const body = over(matrix, `m[#] = f32(${buffer}[at + ${indexed(order)}]);`);
    functions.set(name, `fn ${name}(at: u32, stride: u32) -> ${matrix} { var m: ${matrix}; ${body} return m; }`);
    return `${name}(`;
  };
  const store = (_: string, order: string, buffer: string) => {
    const name = `store_${order}_${buffer}`;
    const body = over('Sums', `${buffer}[at + ${indexed(order)}] = m[#];`);
    functions.set(name, `fn ${name}(at: u32, value: Sums, stride: u32) { var m = value; ${body} }`);
    return `${name}(`;
  };
  const text = code
    .replace(/enable subgroups;( diagnostic\(off, subgroup_uniformity\);)?|enable chromium_\w+;/g, '')
    .replace(/diagnostic\(off, chromium[^;]*;/g, '')
    .replace(/alias (Left|Right|Sums) = [^;]*;/g, (_, name: string) => `alias ${name} = array<f32, ${HELD[name]}>;`)
    .replace(
      /\n\s*@builtin\(subgroup_id\) subgroup: u32,\n\) \{/,
      '\n) {\n  let subgroup = lane / SUBGROUP; own_row = lane % SUBGROUP % UNIT_M;',
    )
    .replace(/subgroupMatrixLoad<(\w+), (row|col)_major>\(&(\w+),/g, load)
    .replace(/subgroupMatrixStore<(row|col)_major>\(&(\w+),/g, store);
  const sum = 'for (var k = 0u; k < UNIT_K; k++) { m[c] += a[k] * b[k * UNIT_N + c]; }';
  const multiply =
    'var<private> own_row: u32; fn subgroupMatrixMultiplyAccumulate(left: Left, right: Right, sums: Sums) -> Sums { ' +
    `var a = left; var b = right; var m = sums; for (var c = 0u; c < UNIT_N; c++) { ${sum} } return m; }`;
  return [text, ...functions.values(), multiply].join('\n');
}
