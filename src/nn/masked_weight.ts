// A nonstructured sparse weight: dense values and a mask of one byte each. It saves no time; it is what RigL and SET train.

import { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import { type Conv2dOptions, conv2d, maskWeight, reshape } from '../shaders/index.js';
import { keep, type Shape, Tensor } from '../tensor/index.js';
import { kernelShape, type SparseWeight } from './weight.js';

export class MaskedWeight implements SparseWeight {
  readonly pattern = 'mask';
  readonly parameter: Parameter;
  onDenseGradient: ((gradient: Tensor) => void) | undefined;
  private readonly maskTensor: Tensor;
  private currentMask: Uint8Array;

  /** @param mask 1 = active, as long as `values`. */
  constructor(
    device: Device,
    values: Float32Array,
    readonly shape: Shape,
    mask: Uint8Array,
  ) {
    this.parameter = new Parameter(Tensor.from(device, masked(values, mask), shape));
    this.maskTensor = keep(Tensor.from(device, mask, shape, 'u8'));
    this.currentMask = mask.slice();
  }

  /** 1 = active. */
  get mask(): Uint8Array {
    return this.currentMask;
  }

  get numActive(): number {
    return this.currentMask.reduce((sum, one) => sum + one, 0);
  }

  convolve(x: Tensor, options: Conv2dOptions): Tensor {
    const weight = maskWeight(this.parameter, this.maskTensor, { onDenseGradient: this.onDenseGradient });
    return conv2d(x, reshape(weight, kernelShape(this.shape)), options);
  }

  /** Another mask of the same layer, with the values that belong to it. */
  replace(mask: Uint8Array, values: Float32Array): void {
    this.currentMask = mask.slice();
    this.maskTensor.write(mask);
    this.parameter.write(masked(values, mask));
  }

  async readDense(): Promise<Float32Array> {
    return masked((await this.parameter.read()) as Float32Array, this.currentMask);
  }

  dispose(): void {
    this.parameter.dispose();
    this.maskTensor.dispose();
  }
}

function masked(values: Float32Array, mask: Uint8Array): Float32Array {
  return values.map((value, i) => (mask[i] === 0 ? 0 : value));
}
