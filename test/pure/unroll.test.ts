import { describe, expect, it } from 'vitest';
import { leavesLoops, unrollLoops } from '../../src/device/unroll.js';

const compact = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('unrollLoops', () => {
  it('writes out a loop up to a module constant, the variable a constant in each copy', () => {
    const source = 'const N: u32 = 2;\nfn f() { for (var i = 0u; i < N; i++) { sums[i] = x[i * 2u]; } after(); }';
    expect(compact(unrollLoops(source))).toBe(
      'const N: u32 = 2; fn f() { { const i = 0u; sums[i] = x[i * 2u]; } { const i = 1u; sums[i] = x[i * 2u]; } after(); }',
    );
  });

  it('writes out loops within loops, and bounds that are sums and quotients of constants', () => {
    const source = `const B: u32 = 6;
const QUADS: u32 = (B + 3u) / 4u;
fn f() { for (var i = 0u; i < QUADS; i++) { for (var j = 0u; j < 3u; j++) { g(i, j); } } }`;
    const text = unrollLoops(source);
    expect(text.match(/g\(i, j\)/g)).toHaveLength(6);
    expect(text).not.toContain('for');
  });

  it.each([
    ['whose end is known only at run time', 'for (var i = 0u; i < params.n; i++) { f(i); }'],
    ['whose end is a variable', 'for (var i = 0u; i < n; i++) { f(i); }'],
    ['that do not start at 0', 'for (var i = lane; i < N; i++) { f(i); }'],
    ['that break', 'for (var i = 0u; i < N; i++) { if (f(i)) { break; } }'],
    ['that are long', 'for (var i = 0u; i < LONG; i++) { f(i); }'],
  ])('keeps loops %s', (_, loop) => {
    const source = `const N: u32 = 4;\nconst LONG: u32 = 64;\nfn g() { ${loop} }`;
    expect(compact(unrollLoops(source))).toBe(compact(source));
  });

  it('unrolls what stands inside a loop that it keeps', () => {
    const text = unrollLoops('fn g() { for (var i = 0u; i < n; i++) { for (var j = 0u; j < 2u; j++) { f(j); } } }');
    expect(text.match(/f\(j\)/g)).toHaveLength(2);
  });
});

describe('leavesLoops', () => {
  it('knows SwiftShader by what Dawn and browsers tell of it', () => {
    expect(leavesLoops({ adapter: { vendor: 'google', architecture: 'swiftshader', description: '' } })).toBe(true);
    expect(leavesLoops({ adapter: { description: 'SwiftShader Device (LLVM 16.0.0)' } })).toBe(true);
    expect(leavesLoops({ adapter: { description: 'llvmpipe (LLVM 19.1.7, 256 bits)' } })).toBe(false);
  });
});
