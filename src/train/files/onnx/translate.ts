// Every layer and operation in terms of ONNX's operators, opset 17 (https://onnx.ai/onnx/operators). Ours have the batch last, [C,H,W,N]
// and [F,N], ONNX's first, [N,C,H,W] and [N,F]: axis a of ours is axis a + 1 there, and the elements of one image stand in one order.

import { InputError } from '../../../device/index.js';
import { Conv2d } from '../../../nn/index.js';
import type { RunningStatistics } from '../../../shaders/index.js';
import { formatShape, type Tensor } from '../../../tensor/index.js';
import type { GraphNode, LayerNode, OperationNode } from './graph.js';
import type { OnnxWriter } from './writer.js';

type Translate = (onnx: OnnxWriter, inputs: readonly Tensor[], attributes: never, output: Tensor) => string;

interface WindowAttributes {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

interface ConvAttributes {
  readonly stride: number;
  readonly paddingY: number;
  readonly paddingX: number;
  /** The last input. */
  readonly hasAddend: boolean;
}

interface BatchNormAttributes {
  readonly epsilon: number;
  readonly training: boolean;
  readonly running: RunningStatistics;
  readonly relu: boolean;
}

const elementwise =
  (operator: string): Translate =>
  (onnx, inputs) =>
    onnx.node(
      operator,
      inputs.map((input) => onnx.value(input)),
    );

const pooling =
  (operator: string, more: Record<string, number> = {}): Translate =>
  (onnx, [x], { kernel, stride, padding }: WindowAttributes) =>
    onnx.node(operator, [onnx.value(x)], {
      kernel_shape: [kernel, kernel],
      ...windowAttributes(stride, padding, padding),
      ...more,
    });

const OPERATIONS: Readonly<Record<string, Translate>> = {
  relu: elementwise('Relu'),
  add: elementwise('Add'),
  mul: elementwise('Mul'),
  scale: (onnx, [x], { factor }: { factor: number }) =>
    onnx.node('Mul', [onnx.value(x), onnx.constant(Float32Array.of(factor), [])]),
  maxPool2d: pooling('MaxPool'),
  avgPool2d: pooling('AveragePool', { count_include_pad: 1 }),
  mean: (onnx, [x], { axis }: { axis?: number }) =>
    onnx.node('ReduceMean', [onnx.value(x)], { axes: [imageAxis('mean', x, axis)], keepdims: 0 }),
  max: (onnx, [x], { axis }: { axis?: number }) =>
    onnx.node('ReduceMax', [onnx.value(x)], { axes: [imageAxis('max', x, axis)], keepdims: 0 }),
  // Its axes became an input in opset 13, those of the two others only in 18.
  sum: (onnx, [x], { axis }: { axis?: number }) =>
    onnx.node('ReduceSum', [onnx.value(x), onnx.integers([imageAxis('sum', x, axis)])], { keepdims: 0 }),
  reshape: (onnx, [x], _, output) => {
    const shape = onnx.isConstant(x) ? output.shape : batchFirst(x, output);
    return onnx.node('Reshape', [onnx.value(x), onnx.integers(shape)]);
  },
  addBias: (onnx, [x, bias]) => {
    const perChannel = [x.shape[0], ...x.shape.slice(1, -1).fill(1)];
    return onnx.node('Add', [onnx.value(x), onnx.node('Reshape', [onnx.value(bias), onnx.integers(perChannel)])]);
  },
  conv2d: (onnx, inputs, { stride, paddingY, paddingX, hasAddend }: ConvAttributes) => {
    const values = inputs.map((input) => onnx.value(input));
    const addend = hasAddend ? values.pop() : undefined;
    const y = onnx.node('Conv', values, windowAttributes(stride, paddingY, paddingX));
    return addend === undefined ? y : onnx.node('Add', [y, addend]);
  },
  batchNorm: (onnx, [x, weight, bias, addend], { epsilon, training, running, relu }: BatchNormAttributes) => {
    if (training) throw new InputError('onnx: expected batchNorm in evaluation mode, got training');
    const inputs = [x, weight, bias, running.mean, running.variance].map((tensor) => onnx.value(tensor));
    const normalised = onnx.node('BatchNormalization', inputs, { epsilon: { float: epsilon } });
    const y = addend ? onnx.node('Add', [normalised, onnx.value(addend)]) : normalised;
    return relu ? onnx.node('Relu', [y]) : y;
  },
};

/** Adds a node to the ONNX graph; returns the name of its value. @throws InputError on an operation that is not in the table. */
export function translate(onnx: OnnxWriter, node: GraphNode): string {
  return 'layer' in node ? translateLayer(onnx, node) : translateOperation(onnx, node);
}

function translateOperation(onnx: OnnxWriter, { operation, inputs, attributes, output }: OperationNode): string {
  if (!Object.hasOwn(OPERATIONS, operation)) {
    const known = Object.keys(OPERATIONS).join(', ');
    throw new InputError(`onnx: expected operations among ${known}, got ${operation} ${formatShape(output.shape)}`);
  }
  if (operation !== 'reshape' && onnx.isConstant(inputs[0])) {
    throw new InputError(`onnx: expected ${operation} of what depends on the images, got it of parameters alone`);
  }
  return OPERATIONS[operation](onnx, inputs, attributes as never, output);
}

/** The weight is dense: ONNX has no blocks. */
function translateLayer(onnx: OnnxWriter, { layer, name, inputs: [x, addend] }: LayerNode): string {
  const weight = onnx.parameter(`${name}.weight`);
  const inputs = [onnx.value(x), weight, ...(layer.bias ? [onnx.parameter(`${name}.bias`)] : [])];
  if (!(layer instanceof Conv2d)) return onnx.node('Gemm', inputs, { transB: 1 }, name);
  const { stride = 1, padding = 0 } = layer.options;
  const [paddingY, paddingX] = typeof padding === 'number' ? [padding, padding] : padding;
  const y = onnx.node('Conv', inputs, windowAttributes(stride, paddingY, paddingX), name);
  return addend ? onnx.node('Add', [y, onnx.value(addend)]) : y;
}

/** `pads` are those of the beginnings of all axes, then of their ends. */
function windowAttributes(stride: number, paddingY: number, paddingX: number) {
  return { strides: [stride, stride], pads: [paddingY, paddingX, paddingY, paddingX] };
}

function imageAxis(operation: string, x: Tensor, axis: number | undefined): number {
  if (axis !== undefined && axis < x.shape.length - 1) return axis + 1;
  throw new InputError(`onnx: expected ${operation} within images, got it over the batch ${formatShape(x.shape)}`);
}

/** The shape of `output`, batch first; 0 means: as many as there are. */
function batchFirst(x: Tensor, output: Tensor): number[] {
  if (x.shape.at(-1) === output.shape.at(-1)) return [0, ...output.shape.slice(0, -1)];
  const shapes = `${formatShape(x.shape)} to ${formatShape(output.shape)}`;
  throw new InputError(`onnx: expected reshape to keep the batch as the last dimension, got ${shapes}`);
}
