// A model as an ONNX model: input `images` [batch,C,H,W], normalised, output `logits` [batch,classes], f32; inference only.

import type { Module } from '../../../nn/index.js';
import type { CompleteSettings } from '../../config/model_settings.js';
import { readDenseState } from '../state_dict.js';
import { traceGraph } from './graph.js';
import { FLOAT, type OnnxModel, type OnnxValue } from './schema.js';
import { translate } from './translate.js';
import { OnnxWriter } from './writer.js';

/** The operators of ONNX 1.12 (2022), whose file format has version 8: old enough for the runtimes in use. */
const OPSET = 17;
const IR_VERSION = 8;

/**
 * The graph of the model's forward pass with its present parameters under their PyTorch names, zeros where pruned.
 * @param settings kept in the file's metadata; the sizes say what images are.
 * @throws InputError if the model does what has no translation: see translate.ts.
 */
export async function onnxModel(model: Module, settings: CompleteSettings): Promise<OnnxModel> {
  const state = await readDenseState(model);
  const statistics = [...model.statistics()].map(([name, { tensor }]) => [name, tensor] as const);
  const onnx = new OnnxWriter(state, [...model.parameters(), ...statistics]);
  const graph = traceGraph(model, settings);
  onnx.define(graph.input, 'images');
  for (const node of graph.nodes) onnx.define(node.output, translate(onnx, node), node.inputs);
  const { channels, height, width, classes } = settings;
  onnx.result(graph.output, 'logits');
  return {
    irVersion: IR_VERSION,
    producerName: 'shuffleblock',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: [{ key: 'settings', value: JSON.stringify(settings) }],
    graph: {
      name: settings.model,
      node: onnx.nodes,
      initializer: [...onnx.initializers.values()],
      input: [batchOf('images', [channels, height, width])],
      output: [batchOf('logits', [classes])],
    },
  };
}

function batchOf(name: string, shape: readonly number[]): OnnxValue {
  const dim = [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
