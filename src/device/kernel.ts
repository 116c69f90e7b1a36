// A compute kernel: one .wgsl text, its layout, and its specialisations. Knows no device; a Device compiles and runs it.

import { parseWgsl, type Specialization, specialize, type WgslLayout } from './wgsl.js';

export interface WgslFile {
  readonly path: string;
  readonly text: string;
}

export class Kernel {
  private parsed: WgslLayout | undefined;
  private readonly variants = new Map<string, Kernel>();

  /** @param path where the text comes from, for messages; @param source valid WGSL with one entry point `main`. */
  constructor(
    readonly path: string,
    readonly source: string,
  ) {}

  /** The same kernel with other constants and types: `conv.with({ BLOCK: 8, Vec: 'f32' })`. Memoised. */
  with(values: Specialization): Kernel {
    const key = JSON.stringify(values);
    let variant = this.variants.get(key);
    if (!variant) {
      variant = new Kernel(this.path, specialize(this.source, values));
      this.variants.set(key, variant);
    }
    return variant;
  }

  get layout(): WgslLayout {
    if (!this.parsed) {
      try {
        this.parsed = parseWgsl(this.source);
      } catch (error) {
        throw new Error(`${this.path}: ${(error as Error).message}`);
      }
    }
    return this.parsed;
  }

  /** The value of a literal module constant, so that tile sizes are stated once, in the shader. */
  constant(name: string): number {
    const value = this.layout.constants[name];
    if (value === undefined) throw new Error(`${this.path}: no literal constant ${name}`);
    return value;
  }
}

/** Declares the kernel of an embedded .wgsl file. */
export function kernel(file: WgslFile): Kernel {
  return new Kernel(file.path, file.text);
}
