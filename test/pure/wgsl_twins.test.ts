// WGSL has no include: what two kernels have in common stands in both, and must stay the same.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The text of a function, with the comment lines above it. */
function functionOf(path: string, name: string): string {
  const text = readFileSync(`src/shaders/${path}`, 'utf8');
  const found = new RegExp(`(?:^//[^\\n]*\\n)*^fn ${name}\\([^]*?^\\}`, 'm').exec(text);
  if (!found) throw new Error(`${path}: expected a function ${name}, got none`);
  return found[0];
}

it.each([
  ['store_row', 'conv2d/conv2d_gather.wgsl', 'block_conv2d/block_conv2d_forward.wgsl'],
  ['store_quad', 'conv2d/conv2d_gather.wgsl', 'block_conv2d/block_conv2d_forward.wgsl'],
  ['join_moments', 'conv2d/conv2d_gather.wgsl', 'block_conv2d/block_conv2d_forward.wgsl'],
])('%s is the same in %s and %s', (name, first, second) => {
  expect(functionOf(first, name)).toBe(functionOf(second, name));
});
