// Compares an operation with a plain float64 reference: its value, and its gradients with central differences of the reference.
import { expect } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import type { Device } from '../../src/device/index.js';
import {
  type ActivationType,
  floatToHalf,
  formatShape,
  halfToFloat,
  type Shape,
  scope,
  sizeOf,
  Tensor,
} from '../../src/tensor/index.js';
import { expectClose, normalValues } from './compare.js';

export interface OperationCase {
  readonly name: string;
  /** Shapes of the inputs that are differentiated. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Their values; standard normal where not given. */
  readonly values?: Readonly<Record<string, Float32Array>>;
  /** Those that may also be f16. All values are then rounded to f16 first, so that a reference of them is one of the f16 kernel. */
  readonly activations?: readonly string[];
  readonly forward: (inputs: Record<string, Parameter>) => Tensor;
  /** The same in float64 and plain loops, flattened. */
  readonly reference: (inputs: Record<string, Float64Array>) => Float64Array;
  /** Explicit gradients, for shapes where central differences of the reference would take too long. */
  readonly gradients?: (inputs: Record<string, Float64Array>, gradOutput: Float64Array) => Record<string, Float64Array>;
  readonly tolerance?: number;
  readonly gradTolerance?: number;
}

/** Of one rounding to f16, whichever way the adapter rounds. */
const HALF_TOLERANCE = 1e-3;

/**
 * Relative errors (norm) below 1e-5 forward and 1e-4 for every gradient, unless the case says otherwise; in f16 those of the rounding of
 * results. f16 is checked where the adapter has it, of operations that name `activations`.
 */
export async function checkOperation(device: Device, operation: OperationCase): Promise<void> {
  await checkIn('f32', device, operation);
  if (operation.activations && device.has('shader-f16')) await checkIn('f16', device, operation);
}

async function checkIn(dtype: ActivationType, device: Device, operation: OperationCase): Promise<void> {
  const names = Object.keys(operation.inputs);
  const rounded = (values: Float32Array) =>
    dtype === 'f16' ? values.map((value) => halfToFloat(floatToHalf(value))) : values;
  const typeOf = (name: string) => (operation.activations?.includes(name) ? dtype : 'f32');
  const tolerance = (type: string, exact: number) => (type === 'f16' ? Math.max(exact, HALF_TOLERANCE) : exact);
  const values = Object.fromEntries(
    names.map((name, i) => [
      name,
      rounded(operation.values?.[name] ?? normalValues(sizeOf(operation.inputs[name]), i + 1)),
    ]),
  );
  const doubles = Object.fromEntries(names.map((name) => [name, Float64Array.from(values[name])]));
  const expected = operation.reference(doubles);
  const gradOutput = Float64Array.from(rounded(normalValues(expected.length, 99)));

  const parameters = Object.fromEntries(
    names.map((name) => {
      const tensor = Tensor.from(device, values[name], operation.inputs[name], typeOf(name));
      return [name, new Parameter(tensor, name)];
    }),
  );
  const output = scope(() => {
    const y = operation.forward(parameters);
    backward(y, Tensor.from(device, gradOutput, y.shape, y.dtype));
    return y;
  });
  const where = `${operation.name} ${dtype} ${names.map((name) => `${name} ${formatShape(operation.inputs[name])}`).join(' ')}`;
  if (operation.activations) expect(output.dtype).toBe(dtype);
  expectClose(await output.read(), expected, tolerance(dtype, operation.tolerance ?? 1e-5), `${where}: forward`);

  const gradients =
    operation.gradients?.(doubles, gradOutput) ??
    Object.fromEntries(names.map((name) => [name, numericGradient(operation.reference, doubles, name, gradOutput)]));
  for (const name of names) {
    const grad = parameters[name].grad;
    if (!grad) throw new Error(`${where}: no gradient reached ${name}`);
    const most = tolerance(typeOf(name), operation.gradTolerance ?? 1e-4);
    expectClose(await grad.read(), gradients[name], most, `${where}: gradient of ${name}`);
  }
  output.dispose();
  for (const parameter of Object.values(parameters)) parameter.dispose();
}

/** d <gradOutput, reference(inputs)> / d inputs[name], coordinate by coordinate. */
export function numericGradient(
  reference: (inputs: Record<string, Float64Array>) => Float64Array,
  inputs: Readonly<Record<string, Float64Array>>,
  name: string,
  gradOutput: Float64Array,
): Float64Array {
  const step = 1e-4;
  const moved = { ...inputs, [name]: inputs[name].slice() };
  const project = () => reference(moved).reduce((sum, value, i) => sum + value * gradOutput[i], 0);
  return inputs[name].map((value, i) => {
    moved[name][i] = value + step;
    const above = project();
    moved[name][i] = value - step;
    const below = project();
    moved[name][i] = value;
    return (above - below) / (2 * step);
  });
}
