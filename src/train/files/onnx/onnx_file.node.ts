// ONNX files: protocol buffers, written and read by protobufjs.

import protobuf from 'protobufjs';
import { InputError } from '../../../device/index.js';
import { show } from '../../../host/show.js';
import { parseSettings } from '../../config/model_settings.js';
import type { ModelFile } from '../model_file.js';
import { type SafetensorsTensor, safetensor } from '../safetensors.js';
import { messageSize } from './message_size.node.js';
import { FLOAT, ONNX_PROTO, type OnnxModel, type OnnxTensor } from './schema.js';
import { CONSTANT } from './writer.js';

const ModelProto = protobuf.parse(ONNX_PROTO).root.resolveAll().lookupType('onnx.ModelProto');
/** Far more than the largest of our networks needs; made into objects, 160 MB. */
const MOST_FIELDS = 2 ** 18;

export function encodeOnnx(model: OnnxModel): Uint8Array {
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

/** Whether a file begins as ONNX files do: with a small version (field 1), and not as safetensors, whose header begins at byte 8. */
export function isOnnx(bytes: Uint8Array): boolean {
  return bytes[0] === 0x08 && bytes[1] < 0x20 && bytes[8] !== '{'.charCodeAt(0);
}

/**
 * The parameters of an ONNX file by name, not its graph: what `export` wrote can be evaluated, and trained on.
 * @param where the file's name, for messages.
 * @throws InputError if the file is damaged.
 */
export function parseOnnx(bytes: Uint8Array, where: string): ModelFile {
  const { producerName, metadataProps, graph } = decoded(bytes, where);
  const parameters = graph.initializer.filter(({ name, dataType }) => dataType === FLOAT && !name.startsWith(CONSTANT));
  const tensors = new Map(parameters.map((tensor) => [tensor.name, floats(tensor, where)] as const));
  const settings = metadataProps.find(({ key }) => key === 'settings')?.value;
  return {
    kind: 'onnx',
    tensors,
    settings: producerName === 'shuffleblock' ? parseSettings(settings, where) : undefined,
    where,
  };
}

function decoded(bytes: Uint8Array, where: string): OnnxModel {
  let model: OnnxModel;
  try {
    const size = messageSize(bytes, ModelProto);
    if (size > MOST_FIELDS) throw new Error(`${size} fields, more than ${MOST_FIELDS}`);
    model = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, defaults: true, arrays: true }) as OnnxModel;
  } catch (error) {
    throw new InputError(`${where}: expected an ONNX model, got a damaged one: ${(error as Error).message}`);
  }
  if (model.graph) return model;
  throw new InputError(`${where}: expected an ONNX model with a graph, got none`);
}

function floats({ name, dims, rawData }: OnnxTensor, where: string): SafetensorsTensor {
  const size = dims.reduce((product, extent) => product * extent, 1);
  if (rawData.length === 4 * size) return { ...safetensor(new Float32Array(0), dims), data: rawData };
  throw new InputError(
    `${where}: ${show(name)}: expected ${4 * size} bytes of raw data for ${show(dims)}, got ${rawData.length}`,
  );
}
