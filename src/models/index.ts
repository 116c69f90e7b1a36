// Networks, by name.
export {
  checkModelName,
  createModel,
  MODEL_NAMES,
  type ModelBuilder,
  type ModelOptions,
  registerModel,
} from './registry.js';
