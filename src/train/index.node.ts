// Training in Node: the same, and ONNX files.
export * from './index.js';
export { encodeOnnx, isOnnx, parseOnnx } from './onnx/onnx_file.node.js';
