// shuffleblock's engine: devices, tensors, autograd, and every operation as a compute shader.
export * from './autograd/index.js';
export * from './device/index.js';
export * from './shaders/index.js';
export * from './tensor/index.js';
