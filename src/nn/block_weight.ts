// A shuffled-block weight: only the values of its blocks exist on the GPU, with the tables that say where they stand.

import { Parameter } from '../autograd/index.js';
import type { Device } from '../device/index.js';
import { BlockTables, blockConv2d, type Conv2dOptions, remapSlots } from '../shaders/index.js';
import type { ShuffledBlocks } from '../sparse/index.js';
import { type Shape, Tensor } from '../tensor/index.js';
import { kernelShape, type SparseWeight } from './weight.js';

export class BlockWeight implements SparseWeight {
  readonly parameter: Parameter;
  onDenseGradient: ((gradient: Tensor) => void) | undefined;
  /** The topology on the GPU. */
  readonly tables: BlockTables;
  private topology: ShuffledBlocks;

  /** @param blocks must have passed `validate()`; its values become the parameter's. */
  constructor(
    device: Device,
    readonly shape: Shape,
    blocks: ShuffledBlocks,
  ) {
    const [, , kernelHeight, kernelWidth] = kernelShape(shape);
    const { numBlocks, blockSize } = blocks;
    this.topology = blocks;
    this.tables = new BlockTables(device, blocks, [kernelHeight, kernelWidth]);
    this.parameter = new Parameter(Tensor.from(device, blocks.values, [numBlocks, blockSize, blockSize]));
  }

  /** The topology. Its `values` are those of its making; see `readBlocks` for what they are now. */
  get blocks(): ShuffledBlocks {
    return this.topology;
  }

  get pattern(): string {
    return `${this.topology.numBlocks} blocks of ${this.topology.blockSize}`;
  }

  get numActive(): number {
    return this.topology.numNonzero;
  }

  get emptyRows(): number {
    return this.topology.emptyRows;
  }

  convolve(x: Tensor, options: Conv2dOptions): Tensor {
    const { onDenseGradient } = this;
    return blockConv2d(x, this.parameter, this.tables, { ...options, onDenseGradient });
  }

  /**
   * Another topology of the same layer, of as many blocks. Values follow their weights, and so does state of the parameter's shape.
   *
   * @param sources slot of each weight before, as `remapSlots` of src/sparse gives them.
   * @param states changed in place, like the parameter.
   */
  move(blocks: ShuffledBlocks, sources: Uint32Array, states: readonly Tensor[]): void {
    this.tables.write(blocks);
    const table = Tensor.from(this.parameter.device, sources, [sources.length], 'u32');
    for (const state of [this.parameter, ...states]) remapSlots(state, table);
    table.dispose();
    this.topology = blocks;
  }

  /** The topology with its values as of this call. */
  async readBlocks(): Promise<ShuffledBlocks> {
    const { topology } = this;
    return topology.withValues(await this.parameter.readFloats());
  }

  async readDense(): Promise<Float32Array> {
    return (await this.readBlocks()).toDense();
  }

  dispose(): void {
    this.parameter.dispose();
    this.tables.dispose();
  }
}
