// The engine in Node: the same, on Dawn (npm package `webgpu`).
import './device/gpu_provider.node.js';

export * from './index.js';
