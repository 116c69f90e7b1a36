// Networks, by name.
export { checkModelName, createModel, MODEL_NAMES, type ModelOptions } from './registry.js';
