// States of models: there and back in every form, and files that do not fit.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { createModel } from '../../src/models/index.js';
import { type Module, nonstructured, type SparseForm, shuffledBlocks, sparsify } from '../../src/nn/index.js';
import { Random } from '../../src/tensor/index.js';
import {
  asFloat32,
  encodeSafetensors,
  layerSummaries,
  loadState,
  parseSafetensors,
  readDenseState,
  readState,
  type SafetensorsTensor,
  safetensor,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { digests, digestsOf, masksOf } from './support.js';

const device = await testDevice();
const IMAGE = { channels: 3, height: 8, width: 8, classes: 10 };
const where = 'state.safetensors';

function create(seed: number, name = 'wrn-10-1'): Module {
  return createModel(name, { device, random: new Random(seed) }, IMAGE);
}

async function sparse(seed: number, form: SparseForm | undefined, name?: string): Promise<Module> {
  const model = create(seed, name);
  if (form) await sparsify(device, model, form, { sparsity: 0.8 });
  // Other than what every new model has.
  for (const [, { tensor }] of model.statistics()) tensor.write(new Float32Array(tensor.size).fill(seed + 0.5));
  return model;
}

type State = Map<string, SafetensorsTensor>;

/** The message of what `loadState` throws; everything in the model must be as it was. */
async function refusal(state: State, form?: SparseForm, model = create(2, 'lenet300-100')): Promise<string> {
  const before = await digestsOf(model);
  const masks = digests(masksOf(model));
  const { usedBytes } = device.memory();
  let thrown: unknown;
  try {
    loadState(device, model, state, { form, where });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InputError);
  expect(device.memory().usedBytes, 'memory after the refusal').toBe(usedBytes);
  expect(await digestsOf(model)).toEqual(before);
  expect(digests(masksOf(model))).toEqual(masks);
  model.dispose();
  const { message } = thrown as InputError;
  expect(message).not.toContain('\n');
  return message;
}

/** A changed copy of a state. */
function changed(state: State, change: (copy: State) => void): State {
  const copy = new Map(state);
  change(copy);
  return copy;
}

async function stateOf(form: SparseForm | undefined, name = 'lenet300-100'): Promise<State> {
  const model = await sparse(1, form, name);
  const state = await readState(model);
  model.dispose();
  return state;
}

describe.each<[string, SparseForm | undefined]>([
  ['dense', undefined],
  ['masked', nonstructured],
  ['blocks of 4', shuffledBlocks(4)],
  ['blocks of 16, padded', shuffledBlocks(16)],
])('%s', (_, form) => {
  it('goes through a file into another model and comes out bit for bit', async () => {
    const model = await sparse(1, form);
    const bytes = encodeSafetensors(await readState(model));
    const other = create(2);
    const isSparse = loadState(device, other, parseSafetensors(bytes, where).tensors, { form, where });
    expect(isSparse).toBe(form !== undefined);
    expect(await digestsOf(other)).toEqual(await digestsOf(model));
    expect(digests(masksOf(other))).toEqual(digests(masksOf(model)));
    expect(layerSummaries(other)).toEqual(layerSummaries(model));
    expect(Buffer.from(bytes).equals(encodeSafetensors(await readState(other)))).toBe(true);
    model.dispose();
    other.dispose();
  });

  it("has a dense twin with PyTorch's names, zeros where pruned", async () => {
    const model = await sparse(1, form);
    const state = await readDenseState(model);
    const dense = create(2);
    expect([...state.keys()].sort()).toEqual(Object.keys(await digestsOf(dense)).sort());
    expect(loadState(device, dense, state, { where })).toBe(false);
    for (const [name, mask] of Object.entries(masksOf(model))) {
      const values = asFloat32(state.get(`${name}.weight`)!, name);
      expect(
        values.every((value, i) => mask[i] === 1 || value === 0),
        name,
      ).toBe(true);
      expect(
        values.some((value) => value !== 0),
        name,
      ).toBe(true);
    }
    model.dispose();
    dense.dispose();
  });
});

describe('loadState', () => {
  it("ignores PyTorch's count of batches, and reads masks of ones as dense", async () => {
    const model = await sparse(1, undefined);
    const state = await readState(model);
    state.set('bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: new Uint8Array(8) });
    state.set('fc.weight_mask', { ...safetensor(new Uint8Array(640).fill(1), [10, 64]), dtype: 'BOOL' });
    const other = create(2);
    expect(loadState(device, other, state, { where })).toBe(false);
    expect(await digestsOf(other)).toEqual(await digestsOf(model));
    model.dispose();
    other.dispose();
  });

  it('turns a shuffled-block mask into tables', async () => {
    const model = await sparse(1, shuffledBlocks(4), 'lenet300-100');
    const state = await readDenseState(model);
    const masks = masksOf(model);
    for (const [name, mask] of Object.entries(masks)) {
      state.set(`${name}.weight_mask`, safetensor(mask, state.get(`${name}.weight`)!.shape));
    }
    const other = create(2, 'lenet300-100');
    expect(loadState(device, other, state, { form: shuffledBlocks(4), where })).toBe(true);
    expect(digests(masksOf(other))).toEqual(digests(masks));
    const dense = async (of: Module) => Buffer.from(encodeSafetensors(await readDenseState(of)));
    expect((await dense(other)).equals(await dense(model))).toBe(true);
    model.dispose();
    other.dispose();
  });

  it('names every missing, extra and misshapen tensor in one message', async () => {
    const state = changed(await stateOf(undefined), (copy) => {
      copy.delete('fc1.weight');
      copy.delete('fc2.bias');
      copy.set('fc9.weight', safetensor(new Float32Array(2), [2]));
      copy.set('fc3.weight', safetensor(new Float32Array(1000), [100, 10]));
      copy.set('fc3.bias', safetensor(new Float32Array(11), [11]));
    });
    expect(await refusal(state)).toBe(
      `${where}: the tensors do not fit the model: missing "fc1.weight", "fc2.bias"; not in the model: "fc9.weight"; ` +
        'misshapen: fc3.weight expected [10,100], got [100,10], fc3.bias expected [10], got [11]',
    );
  });

  it('refuses another type, also in the last tensor read', async () => {
    const state = changed(await stateOf(undefined), (copy) => {
      copy.set('fc3.bias', safetensor(new Uint32Array(10), [10]));
    });
    expect(await refusal(state)).toBe(`${where}: fc3.bias: expected F32, F16, BF16 or F64, got U32 [10]`);
  });

  it('refuses a pruned mask where nothing may be pruned', async () => {
    expect(await refusal(await stateOf(nonstructured))).toBe(
      `${where}: fc1.weight_mask: expected no pruned weights for method dense, got some`,
    );
  });

  it('refuses a mask that is not shuffled-block, after others that are', async () => {
    const mask = new Uint8Array(1000).fill(1);
    mask[5] = 0;
    const state = changed(await stateOf(undefined), (copy) => {
      const blocks = new Uint8Array(300 * 192).fill(1, 0, 4 * 192);
      copy.set('fc1.weight_mask', safetensor(blocks, [300, 192]));
      copy.set('fc3.weight_mask', safetensor(mask, [10, 100]));
    });
    expect(await refusal(state, shuffledBlocks(4))).toBe(
      `${where}: fc3.weight: ShuffledBlocks.fromMask: expected every row to keep a multiple of 4 of the 100 columns, ` +
        'got 99 in row 0: the mask is not shuffled-block',
    );
  });

  it('refuses masks of other values, types and shapes', async () => {
    const state = await stateOf(undefined);
    const withMask = (mask: SafetensorsTensor) => changed(state, (copy) => void copy.set('fc3.weight_mask', mask));
    const twos = safetensor(new Uint8Array(1000).fill(2), [10, 100]);
    expect(await refusal(withMask(twos), nonstructured)).toMatch(/fc3.weight_mask: expected a mask of 0 and 1, got 2/);
    const ids = safetensor(new Uint32Array(1000), [10, 100]);
    expect(await refusal(withMask(ids), nonstructured)).toMatch(/fc3.weight_mask: expected a mask of .*, got U32/);
    const flat = safetensor(new Uint8Array(1000), [1000]);
    expect(await refusal(withMask(flat), nonstructured)).toMatch(/weight_mask expected \[10,100\], got \[1000\]$/);
  });
});

describe('damaged tables', () => {
  const TABLE = 'fc3.weight.blocks.';
  /** fc3 is [10, 100]: three groups, the last one of two rows, and blocks of 4 in each. */
  const lists = {
    group_rows: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xffffffff, 0xffffffff],
    group_start: [0, 1, 2, 3],
    block_columns: [0, 1, 2, 3, 0, 1, 2, 3, 50, 51, 52, 53],
  };

  async function blockState(change: Partial<Record<keyof typeof lists, number[]>>, values = padded(1)): Promise<State> {
    const tables = { ...lists, ...change };
    return changed(await stateOf(undefined), (copy) => {
      copy.delete('fc3.weight');
      copy.set(`${TABLE}values`, safetensor(values, [values.length / 16, 4, 4]));
      for (const [name, list] of Object.entries(tables)) {
        copy.set(TABLE + name, safetensor(Uint32Array.from(list), [list.length]));
      }
    });
  }

  /** Values of three blocks, 0 in the padded row slots of the last. */
  function padded(value: number): Float32Array {
    return Float32Array.from({ length: 48 }, (_, i) => (i >= 32 && i % 4 >= 2 ? 0 : value));
  }

  it('whole ones are accepted', async () => {
    const model = create(2, 'lenet300-100');
    expect(loadState(device, model, await blockState({}), { where })).toBe(true);
    expect(masksOf(model).fc3.reduce((sum, one) => sum + one, 0)).toBe(40);
    model.dispose();
  });

  it.each<[string, Partial<Record<keyof typeof lists, number[]>>, string]>([
    ['a row twice', { group_rows: [0, 0, ...lists.group_rows.slice(2)] }, 'expected every row once, got row 0 again'],
    ['a row too high', { group_rows: [10, ...lists.group_rows.slice(1)] }, 'expected a row below 10, got 10'],
    ['too few row slots', { group_rows: lists.group_rows.slice(1) }, 'expected groupRows of length 12, got 11'],
    ['groups that do not start at 0', { group_start: [1, 1, 2, 3] }, 'group 0: expected groupStart 0, got 1'],
    ['groups that run backwards', { group_start: [0, 2, 1, 3] }, 'group 2: expected groupStart at least 2, got 1'],
    ['groups that end early', { group_start: [0, 1, 2, 2] }, 'expected groupStart to end at 3 blocks, got 2'],
    ['a column too high', { block_columns: [100, ...lists.block_columns.slice(1)] }, 'a column below 100, got 100'],
    ['a column twice', { block_columns: [1, ...lists.block_columns.slice(1)] }, 'got column 1 again'],
    ['padding of columns', { block_columns: [...lists.block_columns.slice(0, 11), 0xffffffff] }, 'got padding'],
    ['half a block', { block_columns: lists.block_columns.slice(2) }, 'a multiple of blockSize 4, got length 10'],
    [
      'fewer blocks than values',
      { block_columns: lists.block_columns.slice(4), group_start: [0, 1, 1, 2] },
      'length 32',
    ],
  ])('%s', async (_, change, expected) => {
    const message = await refusal(await blockState(change));
    expect(message).toMatch(new RegExp(`^${where}: fc3.weight.blocks: ShuffledBlocks.fromTables: `));
    expect(message).toContain(expected);
  });

  it('a value in a padded slot', async () => {
    const values = padded(1);
    values[34] = 5;
    expect(await refusal(await blockState({}, values))).toMatch(
      /group 2, block 2, column slot 0, row slot 2: expected padded value 0, got 5$/,
    );
  });

  it('a table of another type, a missing one, one of another shape', async () => {
    const state = await blockState({});
    const floats = safetensor(Float32Array.from(lists.group_start), [4]);
    const replaced = (name: string, tensor?: SafetensorsTensor) =>
      changed(state, (copy) => void (tensor ? copy.set(TABLE + name, tensor) : copy.delete(TABLE + name)));
    expect(await refusal(replaced('group_start', floats))).toBe(
      `${where}: fc3.weight.blocks.group_start: expected U32, I32 or I64, got F32 [4]`,
    );
    expect(await refusal(replaced('group_rows'))).toMatch(/missing "fc3\.weight\.blocks\.group_rows"$/);
    expect(await refusal(replaced('values'))).toMatch(
      /missing "fc3\.weight"; not in the model: "fc3\.weight\.blocks\./,
    );
    expect(await refusal(replaced('values', safetensor(padded(1), [12, 4])))).toMatch(
      /misshapen: fc3\.weight\.blocks\.values expected \[blocks,B,B\], got \[12,4\]$/,
    );
    const square = safetensor(Uint32Array.from(lists.block_columns), [3, 4]);
    expect(await refusal(replaced('block_columns', square))).toMatch(/block_columns expected a list, got \[3,4\]$/);
  });

  it('weight and tables both', async () => {
    const state = changed(await blockState({}), (copy) => {
      copy.set('fc3.weight', safetensor(new Float32Array(1000), [10, 100]));
    });
    expect(await refusal(state)).toBe(`${where}: the tensors do not fit the model: not in the model: "fc3.weight"`);
  });
});
