// A model's parameters and running statistics as named tensors, and back. Names are PyTorch's, so that state dicts load both
// ways; a sparse weight NAME is stored as NAME with NAME_mask, or as the tables NAME.blocks.* of docs/format.md.

import { type Device, InputError } from '../../device/index.js';
import { showNames } from '../../host/show.js';
import {
  BlockWeight,
  DenseWeight,
  type FormOf,
  MaskedWeight,
  type Module,
  type SparseForm,
  type SparsifiableLayer,
  sparsifiableLayers,
  type Weight,
  WeightBudget,
} from '../../nn/index.js';
import { type BlockShape, ShuffledBlocks } from '../../sparse/index.js';
import { type Shape, sameShape, sizeOf, type Tensor } from '../../tensor/index.js';
import { asFloat32, asUint8Mask, asUint32, type SafetensorsTensor, safetensor } from './safetensors.js';

export type NamedTensors = ReadonlyMap<string, SafetensorsTensor>;

/** PyTorch counts batches in BatchNorm; with a fixed momentum nothing depends on it. */
const IGNORED = /\.num_batches_tracked$/;

/** Of a weight NAME in blocks: tensors NAME.blocks.*. */
export const TABLES = ['values', 'group_rows', 'group_start', 'block_columns'] as const;

/** Weights of a network for each value of its file: more than any that is worth training prunes. */
const MOST_WEIGHTS_A_VALUE = 1000;
const SMALL_NETWORK = 2e7;

/** What a network may have that tensors of a file are to be loaded into. */
export function budgetOf(tensors: NamedTensors, where: string): WeightBudget {
  let values = 0;
  for (const { shape } of tensors.values()) values += sizeOf(shape);
  return new WeightBudget(Math.max(SMALL_NETWORK, MOST_WEIGHTS_A_VALUE * values), where);
}

/** Parameters (sparse ones in their own form) and running statistics, as of this call. */
export async function readState(model: Module): Promise<Map<string, SafetensorsTensor>> {
  const weights = weightsOf(model);
  const reads: Promise<[string, SafetensorsTensor][]>[] = [];
  for (const [name, parameter] of model.parameters()) {
    const layer = weights.get(name);
    reads.push(layer ? readWeight(name, layer.weight) : readTensor(name, parameter));
  }
  for (const [name, { tensor }] of model.statistics()) reads.push(readTensor(name, tensor));
  return new Map((await Promise.all(reads)).flat());
}

/** The same with every weight dense, zeros where pruned: what PyTorch loads. */
export async function readDenseState(model: Module): Promise<Map<string, SafetensorsTensor>> {
  const state = await readState(model);
  for (const [name, { weight }] of weightsOf(model)) {
    for (const table of TABLES) state.delete(`${name}.blocks.${table}`);
    state.delete(`${name}_mask`);
    state.set(name, safetensor(await weight.readDense(), weight.shape));
  }
  return state;
}

async function readTensor(name: string, tensor: Tensor): Promise<[string, SafetensorsTensor][]> {
  return [[name, safetensor(await tensor.read(), tensor.shape)]];
}

async function readWeight(name: string, weight: Weight): Promise<[string, SafetensorsTensor][]> {
  if (weight instanceof BlockWeight) {
    const blocks = await weight.readBlocks();
    const { numBlocks, blockSize } = blocks;
    return [
      [`${name}.blocks.values`, safetensor(blocks.values, [numBlocks, blockSize, blockSize])],
      [`${name}.blocks.group_rows`, safetensor(blocks.groupRows, [blocks.groupRows.length])],
      [`${name}.blocks.group_start`, safetensor(blocks.groupStart, [blocks.groupStart.length])],
      [`${name}.blocks.block_columns`, safetensor(blocks.blockColumns, [blocks.blockColumns.length])],
    ];
  }
  const dense: [string, SafetensorsTensor] = [name, safetensor(await weight.readDense(), weight.shape)];
  if (!(weight instanceof MaskedWeight)) return [dense];
  return [dense, [`${name}_mask`, { ...safetensor(weight.mask, weight.shape), dtype: 'BOOL' }]];
}

export interface LoadOptions {
  /** What becomes of masks, of all layers or of each; without it a mask that prunes anything is refused. */
  readonly form?: SparseForm | FormOf;
  /** The file's name, for messages. */
  readonly where: string;
}

/**
 * Replaces parameters and running statistics by those of a state dict or a checkpoint. Nothing is changed unless everything fits.
 *
 * @returns whether any weight is sparse.
 * @throws InputError naming missing, extra and misshapen tensors, or the first table or mask that breaks its format.
 */
export function loadState(device: Device, model: Module, tensors: NamedTensors, options: LoadOptions): boolean {
  const reader = new StateReader(tensors, options.where);
  const weights = weightsOf(model);
  const { form } = options;
  const formOf = (name: string) => (typeof form === 'function' ? form(name.replace(/\.weight$/, '')) : form);
  const makeWeights: [SparsifiableLayer, () => Weight][] = [];
  const writes: [Tensor, () => Float32Array][] = [];
  for (const [name, parameter] of model.parameters()) {
    const layer = weights.get(name);
    if (layer) makeWeights.push([layer, weightMaker(device, reader, name, layer.weight.shape, formOf(name))]);
    else writes.push([parameter, reader.floats(name, parameter.shape)]);
  }
  for (const [name, { tensor }] of model.statistics()) writes.push([tensor, reader.floats(name, tensor.shape)]);
  reader.finish();
  // All conversions come first: any of them may still refuse.
  const values = writes.map(([tensor, read]) => [tensor, read()] as const);
  const made: [SparsifiableLayer, Weight][] = [];
  try {
    for (const [layer, make] of makeWeights) made.push([layer, make()]);
  } catch (error) {
    for (const [, weight] of made) weight.dispose();
    throw error;
  }
  for (const [tensor, content] of values) tensor.write(content);
  for (const [layer, weight] of made) layer.replaceWeight(weight);
  return made.some(([, weight]) => !(weight instanceof DenseWeight));
}

/** Notes what a state needs of a weight; returns what makes it. */
function weightMaker(
  device: Device,
  reader: StateReader,
  name: string,
  shape: Shape,
  form: SparseForm | undefined,
): () => Weight {
  const where = `${reader.where}: ${name}`;
  if (reader.has(`${name}.blocks.values`)) {
    const tables = Object.fromEntries(TABLES.map((table) => [table, reader.table(`${name}.blocks.${table}`)]));
    return () => new BlockWeight(device, shape, blocksOf(tables, shape, `${where}.blocks`));
  }
  const values = reader.floats(name, shape);
  if (!reader.has(`${name}_mask`)) return () => new DenseWeight(device, values(), shape);
  const readMask = reader.mask(`${name}_mask`, shape);
  return () => {
    const mask = readMask();
    if (mask.every((one) => one === 1)) return new DenseWeight(device, values(), shape);
    if (!form) throw new InputError(`${where}_mask: expected no pruned weights for method dense, got some`);
    return located(where, () => form.fromMask(device, values(), shape, mask));
  };
}

/** The tables of a weight, checked. @throws InputError if one breaks the format. */
export function blocksOf(
  tables: Readonly<Record<string, SafetensorsTensor | undefined>>,
  shape: Shape,
  where: string,
): ShuffledBlocks {
  const { values, group_rows, group_start, block_columns } = tables;
  const [, blockSize] = values!.shape;
  const layer: BlockShape = { rows: shape[0], columns: sizeOf(shape.slice(1)), blockSize };
  return located(where, () =>
    ShuffledBlocks.fromTables({
      ...layer,
      values: asFloat32(values!, `${where}.values`),
      groupRows: asUint32(group_rows!, `${where}.group_rows`),
      groupStart: asUint32(group_start!, `${where}.group_start`),
      blockColumns: asUint32(block_columns!, `${where}.block_columns`),
    }),
  );
}

/** Runs `body`; an InputError gets `where` put before its message. */
function located<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof InputError && !error.message.startsWith(where)) {
      throw new InputError(`${where}: ${error.message}`);
    }
    throw error;
  }
}

/** Weights of convolutions and linear layers by parameter name. */
function weightsOf(model: Module): Map<string, SparsifiableLayer> {
  return new Map(sparsifiableLayers(model).map(([name, layer]) => [`${name}.weight`, layer]));
}

/** Tensors by name, and a list of everything that does not fit. */
class StateReader {
  private readonly used = new Set<string>();
  private readonly missing: string[] = [];
  private readonly misshapen: string[] = [];

  constructor(
    private readonly tensors: NamedTensors,
    readonly where: string,
  ) {}

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  tensor(name: string, shape?: Shape): SafetensorsTensor | undefined {
    this.used.add(name);
    const tensor = this.tensors.get(name);
    if (!tensor) this.missing.push(name);
    else if (shape && !sameShape(tensor.shape, shape)) {
      this.misshapen.push(`${name} expected [${shape}], got [${tensor.shape}]`);
    }
    return tensor;
  }

  /** A table of a block weight: values [blocks,B,B], or a list. Their sizes are checked with their contents. */
  table(name: string): SafetensorsTensor | undefined {
    const tensor = this.tensor(name);
    if (!tensor) return undefined;
    const [blocks, blockSize] = tensor.shape;
    const [expected, fits] = name.endsWith('.values')
      ? ['[blocks,B,B]', sameShape(tensor.shape, [blocks, blockSize, blockSize])]
      : ['a list', tensor.shape.length === 1];
    if (!fits) this.misshapen.push(`${name} expected ${expected}, got [${tensor.shape}]`);
    return tensor;
  }

  floats(name: string, shape: Shape): () => Float32Array {
    const tensor = this.tensor(name, shape);
    return () => asFloat32(tensor!, `${this.where}: ${name}`);
  }

  mask(name: string, shape: Shape): () => Uint8Array {
    const tensor = this.tensor(name, shape);
    return () => asUint8Mask(tensor!, `${this.where}: ${name}`);
  }

  finish(): void {
    const extra = [...this.tensors.keys()].filter((name) => !this.used.has(name) && !IGNORED.test(name));
    const complaints = [
      this.missing.length > 0 ? `missing ${showNames(this.missing)}` : '',
      extra.length > 0 ? `not in the model: ${showNames(extra)}` : '',
      this.misshapen.length > 0 ? `misshapen: ${this.misshapen.join(', ')}` : '',
    ].filter((complaint) => complaint !== '');
    if (complaints.length > 0) {
      throw new InputError(`${this.where}: the tensors do not fit the model: ${complaints.join('; ')}`);
    }
  }
}
