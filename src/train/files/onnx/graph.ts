// The computation graph of a model, found by watching a forward pass: any model that computes with our operations has one, its
// author need not describe it. A layer with a weight is one node, in whatever form it holds the weight.

import { noGrad, traceOperations } from '../../../autograd/index.js';
import { type Module, SparsifiableLayer, watchOutputs } from '../../../nn/index.js';
import { scope, Tensor } from '../../../tensor/index.js';
import type { ImageSize } from '../../flops.js';

interface Node {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

/** A convolution or linear layer as a whole. */
export interface LayerNode extends Node {
  readonly layer: SparsifiableLayer;
  /** Full name. */
  readonly name: string;
}

export interface OperationNode extends Node {
  readonly operation: string;
  readonly attributes: object;
}

export type GraphNode = LayerNode | OperationNode;

/** Tensors stand for values: they have shapes, with the batch last, but no contents any more. */
export interface Graph {
  /** What the output depends on, each node after those it depends on. */
  readonly nodes: readonly GraphNode[];
  readonly input: Tensor;
  readonly output: Tensor;
}

/** A multiple of four, so that the pipelines are those of ordinary batches. */
const BATCH = 4;

/** Runs blank images through the model, in evaluation mode. */
export function traceGraph(model: Module, { channels, height, width }: ImageSize): Graph {
  const [[, { device }]] = model.parameters();
  const producers = new Map<Tensor, GraphNode>();
  const note = (node: GraphNode) => void producers.set(node.output, node);
  const noteLayer = (name: string, output: Tensor, layer: Module, input: Tensor, more: readonly Tensor[]) => {
    // Takes the place of the last operation inside the layer, from which nothing leads to the others any more.
    if (layer instanceof SparsifiableLayer) note({ layer, name, inputs: [input, ...more], output });
  };
  return scope(() => {
    const input = Tensor.zeros(device, [channels, height, width, BATCH]);
    const mode = { training: false, random: Tensor.zeros(device, [2], 'u32') };
    const forward = () => noGrad(() => model.forward(input, mode));
    const output = traceOperations(note, () => watchOutputs(model, noteLayer, forward));
    return { nodes: inOrder(output, producers), input, output };
  });
}

/** Depth first from the output: every node once, after its inputs. */
function inOrder(output: Tensor, producers: ReadonlyMap<Tensor, GraphNode>): GraphNode[] {
  const ordered = new Set<GraphNode>();
  const visit = (tensor: Tensor) => {
    const node = producers.get(tensor);
    if (!node || ordered.has(node)) return;
    for (const input of node.inputs) visit(input);
    ordered.add(node);
  };
  visit(output);
  return [...ordered];
}
