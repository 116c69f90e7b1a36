// Every operation, one line each.
export { add } from './add/add.js';
export { mul } from './mul/mul.js';
export { relu } from './relu/relu.js';
export { scale } from './scale/scale.js';
