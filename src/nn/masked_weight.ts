// A nonstructured sparse weight: dense values and a mask of one byte each. It saves no time; it is what RigL and SET train. The host
// knows the mask as one bit each.

import { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import {
  type Conv2dOptions,
  conv2d,
  keepCommon,
  maskWeight,
  reshape,
  unpackBits as unpackBitsOn,
} from '../shaders/index.js';
import { countBits, packBits, unpackBits } from '../sparse/index.js';
import { keep, type Shape, scope, Tensor } from '../tensor/index.js';
import { kernelShape, matrixOf, type SparseWeight } from './weight.js';

export class MaskedWeight implements SparseWeight {
  readonly pattern = 'mask';
  readonly parameter: Parameter;
  onDenseGradient: ((gradient: Tensor) => void) | undefined;
  private readonly maskTensor: Tensor;
  private currentBits: Uint32Array;
  private active: number;

  /** @param mask 1 = active, as long as `values`. */
  constructor(
    device: Device,
    values: Float32Array,
    readonly shape: Shape,
    mask: Uint8Array,
  ) {
    this.parameter = new Parameter(Tensor.from(device, masked(values, mask), shape));
    this.maskTensor = keep(Tensor.from(device, mask, shape, 'u8'));
    this.currentBits = packBits(mask);
    this.active = countBits(this.currentBits);
  }

  /** 1 = active; a new array. */
  get mask(): Uint8Array {
    return unpackBits(this.currentBits, this.parameter.size);
  }

  get emptyRows(): number {
    const { rows, columns } = matrixOf(this.shape);
    const { mask } = this;
    let empty = 0;
    for (let row = 0; row < rows; row++) if (!mask.subarray(row * columns, (row + 1) * columns).includes(1)) empty++;
    return empty;
  }

  /** The same, position i as bit i % 32 of word i / 32. */
  get bits(): Uint32Array {
    return this.currentBits;
  }

  get numActive(): number {
    return this.active;
  }

  convolve(x: Tensor, options: Conv2dOptions): Tensor {
    const weight = maskWeight(this.parameter, this.maskTensor, { onDenseGradient: this.onDenseGradient });
    return conv2d(x, reshape(weight, kernelShape(this.shape)), options);
  }

  /**
   * Another mask of the same layer. Values, and state of the parameter's shape, stay where active before and after, and are 0
   * elsewhere: what was dropped shall not come back with stale momentum.
   *
   * @param bits as `bits` gives them. @param states changed in place, like the parameter.
   */
  move(bits: Uint32Array, states: readonly Tensor[]): void {
    const { device } = this.parameter;
    scope(() => {
      const [before, after] = [this.currentBits, bits].map((set) => Tensor.from(device, set, [set.length], 'u32'));
      for (const state of [this.parameter, ...states]) keepCommon(state, before, after);
      unpackBitsOn(after, this.maskTensor);
    });
    this.currentBits = bits;
    this.active = countBits(bits);
  }

  async readDense(): Promise<Float32Array> {
    return masked(await this.parameter.readFloats(), this.mask);
  }

  dispose(): void {
    this.parameter.dispose();
    this.maskTensor.dispose();
  }
}

function masked(values: Float32Array, mask: Uint8Array): Float32Array {
  return values.map((value, i) => (mask[i] === 0 ? 0 : value));
}
