// Reverse-mode differentiation. Each result remembers its inputs and one closure that turns the gradient of the result into
// gradients of the inputs; backward() calls the closures in reverse order of creation. After Karpathy's micrograd.

import { kernel } from '../device/index.js';
import { formatShape, keep, sameShape, Tensor } from '../tensor/index.js';
import { gradient_sum, loss_gradient } from '../wgsl.generated.js';
import { type Operation, reportOperation } from './trace.js';

/**
 * Gradients of the inputs, in their order; `undefined` where none is needed (see `needsGrad`). The tape takes them over. A
 * closure may return the gradient that it was given, or a view of it, also for several inputs.
 * @param gathered takes from the tape what later uses of an input, told by its position, have passed to it so far, if anything. The
 *   gradient returned for it then includes that: a sum without a pass over memory of its own. The tape frees it after the closure.
 */
export type Backward = (
  gradOutput: Tensor,
  gathered: (position: number) => Tensor | undefined,
) => readonly (Tensor | undefined)[];

interface Node {
  readonly operation: string;
  readonly order: number;
  readonly output: Tensor;
  readonly inputs: readonly Tensor[];
  readonly backward: Backward;
  /** Part of the network that made it, for profiles. */
  readonly part: string;
}

/** A leaf that is trained: after `backward()` its gradient is in `grad`, summed over calls until `clearGrad()`. */
export class Parameter extends Tensor {
  grad: Tensor | undefined;

  /** Takes over `values`: the parameter shares its buffer and lives outside of scopes. */
  constructor(
    values: Tensor,
    readonly name: string = '',
  ) {
    super(values, values.shape, values.dtype);
    keep(this);
    values.dispose();
  }

  clearGrad(): void {
    this.grad?.dispose();
    this.grad = undefined;
  }

  override dispose(): void {
    this.clearGrad();
    super.dispose();
  }
}

const sumKernel = kernel(gradient_sum);
const lossGradientKernel = kernel(loss_gradient);
const nodes = new WeakMap<Tensor, Node>();
let created = 0;
let enabled = true;

/** Runs `body` without recording: for evaluation. */
export function noGrad<T>(body: () => T): T {
  const before = enabled;
  enabled = false;
  try {
    return body();
  } finally {
    enabled = before;
  }
}

/** Whether a gradient with respect to this tensor can be asked for: it is a parameter, or was computed from one. */
export function needsGrad(tensor: Tensor | undefined): boolean {
  return tensor !== undefined && (tensor instanceof Parameter || nodes.has(tensor));
}

/**
 * Notes on the tape that `output` came from `inputs`, unless no input needs a gradient; returns `output`.
 * @param operation its name, with its options if it has any: see `traceOperations`.
 */
export function record(
  operation: string | Operation,
  output: Tensor,
  inputs: readonly Tensor[],
  backward: Backward,
): Tensor {
  reportOperation(operation, output, inputs);
  if (!enabled || !inputs.some(needsGrad)) return output;
  const name = typeof operation === 'string' ? operation : operation.name;
  const { part } = output.device.label;
  nodes.set(output, { operation: name, order: created++, output, inputs, backward, part });
  return output;
}

/**
 * Adds d loss / d parameter to the `grad` of every parameter that `loss` depends on. Intermediate gradients are freed as
 * soon as they are used.
 * @param gradOutput the gradient of `loss` itself; by default 1 for a loss of one element.
 */
export function backward(loss: Tensor, gradOutput?: Tensor): void {
  if (!nodes.has(loss)) throw new Error(`backward: the tensor ${formatShape(loss.shape)} depends on no parameter`);
  if (!gradOutput && (loss.size !== 1 || loss.dtype !== 'f32'))
    throw new Error(`backward: expected a loss of one element of f32, got ${describe(loss)}`);
  if (gradOutput && !isAlike(gradOutput, loss))
    throw new Error(`backward: expected a gradient of ${describe(loss)}, got ${describe(gradOutput)}`);
  const seed = gradOutput ?? ofItself(loss);
  const grads = new Map<Tensor, Tensor>([[loss, seed.view(seed.shape)]]);
  noGrad(() => {
    for (const node of reachable(loss)) {
      const grad = grads.get(node.output);
      if (!grad) continue; // Its consumers passed nothing back.
      grads.delete(node.output);
      loss.device.labelled({ part: node.part, pass: 'backward' }, () => passBack(node, grad, grads));
      grad.dispose();
    }
  });
  if (!gradOutput) seed.dispose();
}

/** The parameters that `loss` depends on, each once. */
export function parametersOf(loss: Tensor): Parameter[] {
  const inputs = nodes.has(loss) ? reachable(loss).flatMap((node) => node.inputs) : [];
  return [...new Set(inputs.filter((input) => input instanceof Parameter))];
}

/** Hands the gradient of a node's output on to its inputs. */
function passBack(node: Node, grad: Tensor, grads: Map<Tensor, Tensor>): void {
  const taken: Tensor[] = [];
  const inputGrads = node.backward(grad, (position) => {
    const sum = grads.get(node.inputs[position]);
    if (sum) taken.push(sum);
    grads.delete(node.inputs[position]);
    return sum;
  });
  for (const [position, input] of node.inputs.entries()) {
    const inputGrad = inputGrads[position];
    if (inputGrad) passTo(input, inputGrad, node.operation, grads);
  }
  for (const tensor of [...inputGrads, ...taken]) tensor?.dispose();
}

/** 1, written by the GPU: a recorded step uploads nothing. */
function ofItself(loss: Tensor): Tensor {
  const gradient = Tensor.empty(loss.device, loss.shape);
  loss.device.run(lossGradientKernel, { gradient: gradient.slice }, {}, 1);
  return gradient;
}

/** The nodes that `loss` depends on, latest first. */
function reachable(loss: Tensor): Node[] {
  const found = new Set<Node>();
  const waiting = [nodes.get(loss)!];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) {
      const source = nodes.get(input);
      if (source) waiting.push(source);
    }
  }
  return [...found].sort((a, b) => b.order - a.order);
}

function passTo(input: Tensor, grad: Tensor, operation: string, grads: Map<Tensor, Tensor>): void {
  if (!isAlike(input, grad))
    throw new Error(`${operation}: gradient ${describe(grad)} for an input ${describe(input)}`);
  if (input instanceof Parameter) {
    input.grad = keep(added(input.grad, grad));
  } else if (nodes.has(input)) {
    grads.set(input, added(grads.get(input), grad));
  }
}

/** A gradient has shape and type of what it belongs to. */
function isAlike(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} ${formatShape(shape)}`;
}

/** sum + grad. Frees `sum`, never writes to it: its buffer may be shared with the gradient of another branch. */
function added(sum: Tensor | undefined, grad: Tensor): Tensor {
  if (!sum) return grad.view(grad.shape);
  const total = Tensor.empty(grad.device, grad.shape, grad.dtype);
  const count = Math.ceil(grad.size / 4);
  const workgroups = Math.ceil(count / sumKernel.constant('WORKGROUP_SIZE'));
  const typed = grad.dtype === 'f16' ? sumKernel.with({ Stored: 'vec4<f16>' }) : sumKernel;
  grad.device.run(typed, { a: sum.slice, b: grad.slice, total: total.slice }, { count }, workgroups);
  sum.dispose();
  return total;
}
