// An ONNX graph in the making: nodes, the constants they use, and names for all values.

import { InputError } from '../../../device/index.js';
import { formatShape, type Tensor } from '../../../tensor/index.js';
import type { NamedTensors } from '../state_dict.js';
import { FLOAT, INT64, type OnnxAttribute, type OnnxNode, type OnnxTensor, type OnnxType } from './schema.js';

/** Before the names of constants that are not parameters. */
export const CONSTANT = 'constant_';

/** Integers, lists of them, and floats, which JavaScript's numbers do not tell from integers. */
export type OnnxAttributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

export class OnnxWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxTensor>();
  private readonly names = new Map<Tensor, string>();
  private readonly constants = new Set<Tensor>();

  /**
   * @param state parameters and running statistics by name, dense.
   * @param parameters which tensors of the traced graph they are.
   */
  constructor(
    private readonly state: NamedTensors,
    parameters: Iterable<readonly [string, Tensor]>,
  ) {
    for (const [name, tensor] of parameters) {
      this.names.set(tensor, name);
      this.constants.add(tensor);
    }
  }

  /** The name of the value that a traced tensor stands for. */
  value(tensor: Tensor): string {
    const name = this.names.get(tensor);
    if (name === undefined) {
      const got = `one ${formatShape(tensor.shape)} that the model made otherwise`;
      throw new InputError(
        `onnx: expected every tensor to come from the images, an operation or a parameter, got ${got}`,
      );
    }
    return this.constants.has(tensor) && this.state.has(name) ? this.parameter(name) : name;
  }

  /** Says which value a traced tensor stands for, and what it was computed from, if from anything. */
  define(tensor: Tensor, name: string, inputs: readonly Tensor[] = []): void {
    this.names.set(tensor, name);
    if (inputs.length > 0 && inputs.every((input) => this.constants.has(input))) this.constants.add(tensor);
  }

  /** Whether the images have no influence on a tensor. */
  isConstant(tensor: Tensor): boolean {
    return this.constants.has(tensor);
  }

  /** The parameter or running statistic of that name, which it puts into the file. */
  parameter(name: string): string {
    const { shape, data } = this.state.get(name)!;
    this.initializers.set(name, { name, dims: shape, dataType: FLOAT, rawData: data });
    return name;
  }

  constant(values: Float32Array, dims: readonly number[]): string {
    return this.addConstant(FLOAT, dims, values);
  }

  /** A list of integers, as shapes and axes are. */
  integers(values: readonly number[]): string {
    return this.addConstant(INT64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /**
   * Adds a node with one output; returns the name of that.
   * @param name of the node, for people.
   */
  node(opType: string, input: readonly string[], attributes: OnnxAttributes = {}, name?: string): string {
    const output = `${opType}_${this.nodes.length}`;
    this.nodes.push({
      name: name ?? output,
      opType,
      input: [...input],
      output: [output],
      attribute: listed(attributes),
    });
    return output;
  }

  /** Gives a value the name that the file's users know it by. */
  result(tensor: Tensor, name: string): void {
    this.nodes.push({ name, opType: 'Identity', input: [this.value(tensor)], output: [name], attribute: [] });
  }

  private addConstant(dataType: OnnxType, dims: readonly number[], values: Float32Array | BigInt64Array): string {
    const name = `${CONSTANT}${this.initializers.size}`;
    const rawData = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
    this.initializers.set(name, { name, dims: [...dims], dataType, rawData });
    return name;
  }
}

function listed(attributes: OnnxAttributes): OnnxAttribute[] {
  return Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'number') return { name, type: 'INT', i: value };
    return 'float' in value ? { name, type: 'FLOAT', f: value.float } : { name, type: 'INTS', ints: [...value] };
  });
}
