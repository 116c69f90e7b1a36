// For kernel authors: run one shader on plain arrays, compare with a reference.
export { type KernelArray, runKernel } from './run_kernel.js';
