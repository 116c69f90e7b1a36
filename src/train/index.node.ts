// Training in Node: the same, and ONNX files and measured tilings.
export * from './index.js';
export { encodeOnnx, isOnnx, parseOnnx } from './onnx/onnx_file.node.js';
export { type TilingsFiles, tilingsFiles } from './tilings_files.node.js';
