// The engine in Node: the same, on Dawn (npm package `webgpu`).
import './device/dawn/gpu_provider.node.js';
import './shaders/matrix_units/use_matrix_units.node.js';

export * from './index.js';
