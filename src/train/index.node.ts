// Training in Node: the same, and ONNX files and measured tilings.

export { encodeOnnx, isOnnx, parseOnnx } from './files/onnx/onnx_file.node.js';
export * from './index.js';
export { type TilingsFiles, tilingsFiles } from './tuning/tilings_files.node.js';
