// Tensors: element types, shapes, lifetime, random numbers.
export { type ActivationType, type DType, ELEMENT_BYTES, floatToHalf, halfToFloat, type TypedArray } from './dtype.js';
export { Random } from './random.js';
export { allOrNothing, keep, leakReport, liveTensors, scope, traceTensors } from './scope.js';
export { checkShape, formatShape, type Shape, sameShape, sizeOf } from './shape.js';
export { Tensor } from './tensor.js';
