// Reverse-mode differentiation.
export { noteRecipe, recomputing, withValuesOf } from './recompute.js';
export { type Backward, backward, needsGrad, noGrad, Parameter, parametersOf, record } from './tape.js';
export { type Operation, type TracedOperation, traceOperations } from './trace.js';
