// Reverse-mode differentiation.
export { type Backward, backward, needsGrad, noGrad, Parameter, record } from './tape.js';
