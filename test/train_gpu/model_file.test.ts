// Model files on the GPU: whatever a model is written as, it computes the same logits when it is read again.

import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/index.js';
import { CIFAR10 } from '../../src/data/index.js';
import { createModel } from '../../src/models/index.js';
import { type Module, nonstructured, type SparseForm, shuffledBlocks, sparsify } from '../../src/nn/index.js';
import { Random, scope, Tensor } from '../../src/tensor/index.js';
import {
  completeSettings,
  encodeBundle,
  encodeSafetensors,
  loadModel,
  parseModelFile,
  parseSafetensors,
  readDenseState,
  readState,
  type SafetensorsTensor,
  safetensor,
} from '../../src/train/index.js';
import { normalValues, relativeError } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const where = 'model.safetensors';
const settings = completeSettings({ model: 'wrn-10-1', dataSet: 'cifar10' }, CIFAR10);
const images = normalValues(3 * 32 * 32 * 4, 5);

async function sparseModel(form: SparseForm): Promise<Module> {
  const model = createModel(settings.model, { device, random: new Random(1) }, settings);
  await sparsify(device, model, form, { sparsity: 0.8 });
  for (const [, { tensor }] of model.statistics()) tensor.write(normalValues(tensor.size, 2).map(Math.abs));
  return model;
}

function logitsOf(model: Module): Promise<Float32Array> {
  return scope(() =>
    noGrad(() => {
      const mode = { training: false, random: Tensor.zeros(device, [2], 'u32') };
      return model.forward(Tensor.from(device, images, [3, 32, 32, 4]), mode).read() as Promise<Float32Array>;
    }),
  );
}

/** The logits of what is in the file. */
async function reread(bytes: Uint8Array): Promise<Float32Array> {
  const file = parseModelFile(bytes, where);
  const model = loadModel(device, file, { ...settings, ...file.settings });
  const logits = await logitsOf(model);
  model.dispose();
  return logits;
}

describe.each([
  ['blocks', shuffledBlocks(8)],
  ['masks', nonstructured],
])('%s', (_, form) => {
  it('the same logits from a bundle, bit for bit; nearly the same from one of halves', async () => {
    const model = await sparseModel(form);
    const expected = await logitsOf(model);
    const state = await readState(model);
    model.dispose();
    expect(await reread(encodeBundle(state, settings))).toEqual(expected);
    expect(relativeError(await reread(encodeBundle(state, settings, { half: true })), expected)).toBeLessThan(2e-3);
  });

  it('the same logits, up to rounding, from a dense state dict', async () => {
    const model = await sparseModel(form);
    const expected = await logitsOf(model);
    const bytes = encodeSafetensors(await readDenseState(model), { format: 'pt' });
    model.dispose();
    expect(parseModelFile(bytes, where).kind).toBe('state dict');
    expect(relativeError(await reread(bytes), expected)).toBeLessThan(1e-5);
  });
});

describe('state dicts of PyTorch', () => {
  const names = (bytes: Uint8Array) => [...parseModelFile(bytes, where).tensors.keys()].sort();
  const one: SafetensorsTensor = safetensor(Float32Array.of(1), [1]);
  const encoded = (...keys: string[]) => encodeSafetensors(keys.map((key) => [key, one]));

  it('lose the prefix of DataParallel, and the suffix of pruned weights', () => {
    expect(names(encoded('module.fc.weight_orig', 'module.fc.weight_mask', 'module.fc.bias'))).toEqual([
      ...['fc.bias', 'fc.weight', 'fc.weight_mask'],
    ]);
  });

  it('keep such names where they mean something else', () => {
    const odd = ['fc.weight_orig', 'module.fc.weight'];
    expect(names(encoded(...odd))).toEqual(odd);
  });

  it('as a pickle are refused with how to convert them', () => {
    for (const bytes of [
      Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0),
      Uint8Array.of(0x80, 2, 0x8a, 10, 0, 0, 0, 0, 0),
    ]) {
      expect(() => parseModelFile(bytes, 'net.pth')).toThrow(
        /^net\.pth: expected safetensors, got a pickle .* python -c "import torch/,
      );
    }
  });
});

it('a damaged bundle is refused without a trace in memory', async () => {
  const model = await sparseModel(shuffledBlocks(8));
  const { metadata, tensors } = parseSafetensors(encodeBundle(await readState(model), settings), where);
  model.dispose();
  const columns = tensors.get('net2.layer.0.conv1.weight.blocks.block_columns')!;
  const damaged = columns.data.slice();
  damaged[1] = 0x7f;
  tensors.set('net2.layer.0.conv1.weight.blocks.block_columns', { ...columns, data: damaged });
  const { usedBytes } = device.memory();
  const file = parseModelFile(encodeSafetensors(tensors, metadata), where);
  expect(() => loadModel(device, file, settings)).toThrow(
    /^model\.safetensors: net2\.layer\.0\.conv1\.weight\.blocks: .*expected a column below 288, got 32/,
  );
  expect(device.memory().usedBytes).toBe(usedBytes);
});

describe('loadModel', () => {
  const forged = (model: string) => {
    const tensors = new Map([['fc.bias', safetensor(new Float32Array(10), [10])]]);
    return parseModelFile(encodeBundle(tensors, { ...settings, model }), where);
  };

  it.each(['wrn-1000-10', 'wrn-9994-1'])('refuses %s in a file of a few bytes before it is made', (model) => {
    const { usedBytes } = device.memory();
    expect(() => loadModel(device, forged(model))).toThrow(
      /^model.safetensors: expected a network of at most 20000000 weights/,
    );
    // What was made until then.
    expect(device.memory().usedBytes - usedBytes).toBeLessThan(4 * 2e7 * 1.25);
  });

  it('refuses depths that no network has', () => {
    expect(() => loadModel(device, forged('wrn-6000000000000004-1'))).toThrow('at most 10000, and W at least 1');
  });

  it('says what a file does not', () => {
    const plain = parseModelFile(encodeSafetensors(new Map([['a', safetensor(new Float32Array(1), [1])]]), {}), where);
    expect(() => loadModel(device, plain)).toThrow(
      'model.safetensors: a state dict does not say everything; expected settings with model, classes, channels, height, width',
    );
  });
});
