// ONNX files run in ONNX Runtime, with the logits that we compute ourselves; and what has no place in them is refused.

import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { noGrad, Parameter } from '../../src/autograd/index.js';
import { CIFAR10, type DatasetInfo, MNIST } from '../../src/data/index.js';
import { createModel } from '../../src/models/index.js';
import { type Mode, Module, nonstructured, type SparseForm, shuffledBlocks, sparsify } from '../../src/nn/index.js';
import * as ops from '../../src/shaders/index.js';
import { Random, scope, Tensor } from '../../src/tensor/index.js';
import {
  type CompleteSettings,
  completeSettings,
  encodeOnnx,
  isOnnx,
  onnxModel,
  parseOnnx,
  readDenseState,
} from '../../src/train/index.node.js';
import { normalValues, relativeError } from '../support/compare.js';
import { testDevice } from '../support/device.js';

env.wasm.numThreads = 1;
const device = await testDevice();
const SMALL: DatasetInfo = { ...CIFAR10, classes: 7 };
const BATCH = 3;

/** A new model with running statistics unlike those of every new one, pruned if that is asked for. */
async function modelOf(settings: CompleteSettings, form?: SparseForm): Promise<Module> {
  const model = createModel(settings.model, { device, random: new Random(1) }, settings);
  if (form) await sparsify(device, model, form, { sparsity: 0.8 });
  for (const [name, { tensor }] of model.statistics()) {
    const values = normalValues(tensor.size, 2);
    tensor.write(name.endsWith('var') ? values.map((value) => 0.5 + Math.abs(value)) : values);
  }
  return model;
}

/** Logits of the same images, ours and those of ONNX Runtime, [N,classes]. */
async function bothLogits(model: Module, settings: CompleteSettings) {
  const { channels, height, width } = settings;
  const images = normalValues(BATCH * channels * height * width, 3);
  const ours = scope(() =>
    noGrad(() => {
      const x = ops.fromNCHW(Tensor.from(device, images, [BATCH, channels, height, width]));
      const logits = model.forward(x, { training: false, random: Tensor.zeros(device, [2], 'u32') });
      return ops.toNCHW(ops.reshape(logits, [settings.classes, 1, 1, BATCH])).read();
    }),
  );
  const session = await InferenceSession.create(encodeOnnx(await onnxModel(model, settings)));
  const feeds = { images: new OrtTensor('float32', images, [BATCH, channels, height, width]) };
  const { logits } = await session.run(feeds);
  await session.release();
  return { ours: await ours, theirs: logits.data as Float32Array, shape: logits.dims };
}

describe.each<[string, DatasetInfo, SparseForm?]>([
  ['lenet5', MNIST, shuffledBlocks(8)],
  ['lenet300-100', MNIST, nonstructured],
  ['mlp-cifar10', SMALL],
  ['wrn-10-1', SMALL, shuffledBlocks(8)],
  ['wrn-16-2', SMALL, nonstructured],
  ['vgg-like', SMALL, shuffledBlocks(16)],
  ['alexnet-s', SMALL, shuffledBlocks(16)],
  ['ResNet-18', SMALL, shuffledBlocks(16)],
  ['ResNet-50', SMALL],
])('%s', (name, info, form) => {
  it('computes the same logits in ONNX Runtime', async () => {
    const settings = completeSettings({ model: name, dataSet: info.name }, info);
    const model = await modelOf(settings, form);
    const { ours, theirs, shape } = await bothLogits(model, settings);
    expect(shape).toEqual([BATCH, info.classes]);
    expect(relativeError(theirs, ours)).toBeLessThan(1e-4);
    model.dispose();
  });
});

describe('the file', () => {
  const settings = completeSettings({ model: 'wrn-10-1', dataSet: 'cifar10' }, CIFAR10);

  it('holds settings and the dense state, and one node for each layer', async () => {
    const model = await modelOf(settings, shuffledBlocks(8));
    const onnx = await onnxModel(model, settings);
    const state = await readDenseState(model);
    model.dispose();
    expect(onnx).toMatchObject({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }] });
    expect(onnx.graph.node.filter(({ opType }) => opType === 'Conv')).toHaveLength(9);
    expect(onnx.graph.node.filter(({ opType }) => opType === 'Gemm').map(({ name }) => name)).toEqual(['fc']);
    const bytes = encodeOnnx(onnx);
    expect(isOnnx(bytes)).toBe(true);
    const file = parseOnnx(bytes, 'wrn.onnx');
    expect(file.settings).toEqual(settings);
    const hex = (tensors: typeof file.tensors) =>
      Object.fromEntries(
        [...tensors].map(([key, { shape, data }]) => [key, [shape, Buffer.from(data).toString('hex')]]),
      );
    expect(hex(file.tensors)).toEqual(hex(state));
  });

  it('is refused when damaged', async () => {
    const model = await modelOf(settings);
    const onnx = await onnxModel(model, settings);
    model.dispose();
    const bytes = encodeOnnx(onnx);
    const refusal = (damaged: Uint8Array) => () => parseOnnx(damaged, 'wrn.onnx');
    expect(refusal(bytes.subarray(0, bytes.length / 2))).toThrow(
      /^wrn\.onnx: expected an ONNX model, got a damaged one: /,
    );
    expect(refusal(bytes.subarray(0, 2))).toThrow('wrn.onnx: expected an ONNX model with a graph, got none');
    const [first, ...rest] = onnx.graph.initializer;
    const longer = { ...first, dims: [4e9, 4e9] };
    expect(refusal(encodeOnnx({ ...onnx, graph: { ...onnx.graph, initializer: [longer, ...rest] } }))).toThrow(
      /expected 64000000000000000000 bytes of raw data for \[4000000000,4000000000\], got \d+$/,
    );
  });
});

/** A model of one function of the images, with one parameter. */
class Custom extends Module {
  readonly parameter: Parameter;

  constructor(
    shape: readonly number[],
    private readonly compute: (x: Tensor, parameter: Parameter) => Tensor,
  ) {
    super();
    this.parameter = new Parameter(
      Tensor.from(
        device,
        normalValues(
          shape.reduce((a, b) => a * b),
          4,
        ),
        shape,
      ),
    );
  }

  override ownParameters(): [string, Parameter][] {
    return [['parameter', this.parameter]];
  }

  override forward(x: Tensor, _: Mode): Tensor {
    return this.compute(x, this.parameter);
  }
}

describe("the user's own model", () => {
  const info: DatasetInfo = { ...CIFAR10, height: 6, width: 6, classes: 5 };
  const settings = completeSettings({ model: 'custom', dataSet: 'own' }, info);
  const headless = (x: Tensor) => ops.globalAvgPool2d(x);

  it.each<[string, number[], (x: Tensor, parameter: Parameter) => Tensor]>([
    ['conv2d', [5, 3, 3, 3], (x, w) => headless(ops.conv2d(x, w, { stride: 2, padding: [1, 0] }))],
    ['conv2d with an addend', [3, 3, 1, 1], (x, w) => headless(ops.conv2d(x, w, { addend: x }))],
    ['addBias', [3], (x, b) => headless(ops.addBias(x, b))],
    ['linear', [5, 3], (x, w) => ops.linear(headless(ops.mul(x, x)), w)],
    [
      'avgPool2d and scale',
      [5, 3],
      (x, w) => ops.linear(headless(ops.scale(ops.avgPool2d(x, { kernel: 3, stride: 2, padding: 1 }), 0.3)), w),
    ],
    [
      'maxPool2d with a border',
      [5, 3],
      (x, w) => ops.linear(headless(ops.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 })), w),
    ],
    ['max and sum over axes', [5, 3], (x, w) => ops.linear(ops.sum(ops.max(x, 2), 1), w)],
  ])('of %s', async (_, shape, compute) => {
    const model = new Custom(shape, compute);
    const { ours, theirs } = await bothLogits(model, { ...settings, classes: shape[0] });
    expect(relativeError(theirs, ours)).toBeLessThan(1e-5);
    model.dispose();
  });

  it.each<[string, (x: Tensor, parameter: Parameter) => Tensor, RegExp]>([
    [
      'an operation that ONNX export does not know',
      (x, w) => ops.linear(headless(ops.dropout(x, 0.5, Tensor.zeros(device, [2], 'u32'), 0)), w),
      /^onnx: expected operations among relu, .*, got dropout \[3,6,6,4\]$/,
    ],
    [
      'a tensor from elsewhere',
      (x) => ops.add(x, Tensor.zeros(device, x.shape)),
      /^onnx: expected every tensor to come from .*, got one \[3,6,6,4\] that/,
    ],
    [
      'a sum over the batch',
      (x) => ops.sum(x, 3),
      /^onnx: expected sum within images, got it over the batch \[3,6,6,4\]$/,
    ],
    [
      'the batch moved',
      (x) => ops.reshape(x, [3, 6, 4, 6]),
      /^onnx: expected reshape to keep the batch as the last dimension, got \[3,6,6,4\] to/,
    ],
    [
      'parameters alone',
      (_, w) => ops.relu(w),
      /^onnx: expected relu of what depends on the images, got it of parameters alone$/,
    ],
  ])('with %s is refused', async (_, compute, message) => {
    const model = new Custom([5, 3], compute);
    await expect(onnxModel(model, settings)).rejects.toThrow(message);
    model.dispose();
  });
});
