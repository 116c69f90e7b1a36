// What TypeScript needs to know about a WGSL file, read from the file itself: its bindings, its Params struct, its constants.
// Not a WGSL parser: it reads the plain declarations that our style asks for, one a line.

export type BindingAccess = 'read' | 'read_write' | 'uniform';

export interface Binding {
  readonly name: string;
  readonly index: number;
  readonly access: BindingAccess;
}

export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

export interface WgslLayout {
  /** Storage bindings of group 0, in the order of the file. */
  readonly bindings: readonly Binding[];
  /** Binding index of `var<uniform> params: Params`, if there is one. */
  readonly paramsIndex: number | undefined;
  /** Fields of `struct Params`, 4 bytes each, in order. */
  readonly params: readonly ParamField[];
  /** Module-scope numeric constants whose value is a literal, for example `const TILE: u32 = 16;`. */
  readonly constants: Readonly<Record<string, number>>;
}

/**
 * Values for lines of a WGSL file: numbers for `const NAME: T = ...;`, type names for `alias NAME = ...;`, and expressions for
 * `fn NAME(...) -> T { return ...; }`.
 */
export type Specialization = Readonly<Record<string, number | string>>;

/** What a specialisation needs enabled, in front of the first line. Which invocations go on together is the kernel's business: it says so. */
const ENABLES: readonly [RegExp, string][] = [
  [/\bf16\b/, 'enable f16; '],
  [/\bsubgroup[A-Z]/, 'enable subgroups; diagnostic(off, subgroup_uniformity); '],
];

/**
 * Rewrites exactly the lines named, and nothing else, so that line numbers stay those of the file. What uses f16 or subgroups also
 * enables them, in front of the first line.
 * Throws when a name is absent: a misspelt constant must not silently keep its default.
 */
export function specialize(source: string, values: Specialization): string {
  let text = source;
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(
      `^(const\\s+${name}\\s*(?::\\s*[\\w<>]+\\s*)?=|alias\\s+${name}\\s*=|fn\\s+${name}\\(.*\\)\\s*->.*\\{ return)[^;\\n]*;`,
      'm',
    );
    if (!line.test(text))
      throw new Error(
        `specialize: no line "const ${name} = ...", "alias ${name} = ..." or "fn ${name}(...)" in the source`,
      );
    text = text.replace(line, (_, head: string) => `${head} ${literal(text, name, value)};`);
  }
  for (const [use, enable] of ENABLES) {
    const isUsed = Object.values(values).some((value) => use.test(String(value)));
    if (isUsed && !text.includes(enable)) text = enable + text;
  }
  return text;
}

function literal(source: string, name: string, value: number | string): string {
  if (typeof value === 'string') return value;
  const isFloat = new RegExp(`^const\\s+${name}\\s*:\\s*f(16|32)\\b`, 'm').test(source);
  return isFloat && Number.isInteger(value) ? value.toFixed(1) : String(value);
}

const BINDING =
  /((?:@\w+\s*\([^()]*\)\s*)+)var\s*<\s*(storage|uniform)\s*(?:,\s*(read|read_write)\s*)?,?\s*>\s*(\w+)\s*:/g;

/** Reads bindings, Params and constants from a WGSL text. Throws if the file breaks the conventions of this project. */
export function parseWgsl(source: string): WgslLayout {
  const text = source.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  const bindings: Binding[] = [];
  let paramsIndex: number | undefined;
  const declarations = [...text.matchAll(BINDING)];
  const numBindings = text.match(/@binding\b/g)?.length ?? 0;
  if (declarations.length !== numBindings) {
    throw new Error(
      `WGSL: expected every @binding before "var<storage, read> NAME:", "var<storage, read_write> NAME:" or "var<uniform> params:", ` +
        `got ${numBindings} bindings, of which ${declarations.length} are`,
    );
  }
  for (const [, attributes, space, access, name] of declarations) {
    const [group, index] = ['group', 'binding'].map((attribute) => attributeOf(attributes, attribute, name));
    if (group !== 0) throw new Error(`WGSL binding ${name}: expected @group(0), got @group(${group})`);
    if (space === 'uniform') {
      if (name !== 'params') throw new Error(`WGSL uniform ${name}: the only uniform is "params"`);
      paramsIndex = index;
    } else {
      bindings.push({ name, index, access: access === 'read_write' ? 'read_write' : 'read' });
    }
  }
  const constants: Record<string, number> = {};
  for (const [, name, value] of text.matchAll(
    /^const\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(-?[\d.]+(?:e-?\d+)?)[uif]?\s*;/gm,
  )) {
    constants[name] = Number(value);
  }
  return { bindings, paramsIndex, params: parseParams(text, paramsIndex !== undefined), constants };
}

/** The number of `@group(0)` or `@binding(1u)`. */
function attributeOf(attributes: string, attribute: string, name: string): number {
  const value = new RegExp(`@${attribute}\\s*\\(([^()]*)\\)`).exec(attributes)?.[1].trim();
  const number = /^(\d+)[iu]?$/.exec(value ?? '')?.[1];
  if (number === undefined) {
    throw new Error(`WGSL binding ${name}: expected @${attribute} with a literal number, got ${value ?? 'none'}`);
  }
  return Number(number);
}

function parseParams(text: string, used: boolean): ParamField[] {
  const body = /struct\s+Params\s*\{([^}]*)\}/.exec(text)?.[1];
  if (body === undefined) {
    if (used) throw new Error('WGSL: var<uniform> params without struct Params');
    return [];
  }
  return body
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '')
    .map((field) => {
      const [name, type] = field.split(':').map((part) => part.trim());
      if (type !== 'u32' && type !== 'i32' && type !== 'f32') {
        throw new Error(`WGSL Params.${name}: expected a 4-byte scalar (u32, i32, f32), got ${type}`);
      }
      return { name, type };
    });
}

const FITS: Readonly<Record<ParamField['type'], (value: number) => boolean>> = {
  f32: (value) => typeof value === 'number',
  u32: (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32,
  i32: (value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31,
};

/** Packs named numbers into the bytes of the Params struct. Throws on a missing, extra or unrepresentable value. */
export function packParams(layout: WgslLayout, values: Readonly<Record<string, number>>, kernel: string): Uint8Array {
  const bytes = new Uint8Array(Math.max(16, Math.ceil((layout.params.length * 4) / 16) * 16));
  const view = new DataView(bytes.buffer);
  for (const [position, { name, type }] of layout.params.entries()) {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel}: parameter "${name}" is missing`);
    const fits = FITS[type](value);
    if (!fits) throw new Error(`${kernel}: parameter "${name}" expected ${type}, got ${value}`);
    if (type === 'f32') view.setFloat32(position * 4, value, true);
    else if (type === 'u32') view.setUint32(position * 4, value, true);
    else view.setInt32(position * 4, value, true);
  }
  const known = layout.params.length;
  if (Object.keys(values).length !== known) {
    const extra = Object.keys(values).filter((name) => !layout.params.some((field) => field.name === name));
    throw new Error(`${kernel}: unknown parameter${extra.length > 1 ? 's' : ''} ${extra.join(', ')}`);
  }
  return bytes;
}
