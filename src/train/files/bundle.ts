// Bundles: a model for inference in one small safetensors file, pruned weights left out. docs/format.md, "Bundles", defines them.

import { InputError } from '../../device/index.js';
import { show } from '../../host/show.js';
import { countBits, unpackBits } from '../../sparse/index.js';
import { floatToHalf, sizeOf } from '../../tensor/index.js';
import { type CompleteSettings, parseSettings } from '../config/model_settings.js';
import {
  asFloat32,
  asUint8Mask,
  asUint32,
  type SafetensorsFile,
  type SafetensorsTensor,
  safetensor,
} from './safetensors.js';
import { encodeSafetensors } from './safetensors_writer.js';
import type { NamedTensors } from './state_dict.js';

export const BUNDLE_FORMAT = 'shuffleblock-bundle-1';
const TABLE = /\.blocks\.(group_rows|group_start|block_columns)$/;
const MASK = /_mask$/;
const MASKED = /\.masked\.(values|bits|shape)$/;
/** What pads tables, in 32 bits and in 16: no row and no column has these numbers. */
const PADDING = 0xffffffff;
const PADDING_16 = 0xffff;

export interface BundleOptions {
  /** Weights as f16: half the size, and logits that differ in the third digit. Default false. */
  readonly half?: boolean;
}

/**
 * @param state of `readState`: parameters in their own form, and running statistics.
 * @param settings what is needed to build the network and to prepare its images.
 */
export function encodeBundle(
  state: NamedTensors,
  settings: CompleteSettings,
  { half = false }: BundleOptions = {},
): Uint8Array {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, tensor] of state) {
    const mask = state.get(`${name}_mask`);
    if (mask) packMasked(name, tensor, mask, tensors);
    else if (TABLE.test(name)) tensors.set(name, narrowed(tensor));
    else if (!MASK.test(name)) tensors.set(name, tensor);
  }
  if (half) for (const [name, tensor] of tensors) if (isWeight(name, tensor)) tensors.set(name, halved(tensor));
  return encodeSafetensors(tensors, { format: BUNDLE_FORMAT, settings: JSON.stringify(settings) });
}

/** Whether a safetensors file is a bundle. */
export function isBundle(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === BUNDLE_FORMAT;
}

/**
 * The state in the form of `readState`, and the settings.
 * @param where the file's name, for messages.
 * @throws InputError naming the first tensor that breaks the format.
 */
export function unpackBundle(
  { metadata, tensors: packed }: SafetensorsFile,
  where: string,
): { tensors: NamedTensors; settings: CompleteSettings } {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, tensor] of packed) {
    if (name.endsWith('.masked.values')) unpackMasked(name.slice(0, -'.masked.values'.length), packed, where, tensors);
    else if (TABLE.test(name)) tensors.set(name, widened(tensor));
    else if (!MASKED.test(name)) tensors.set(name, tensor);
  }
  return { tensors, settings: parseSettings(metadata.settings, where) };
}

/** Weights have several dimensions, or are what a mask kept; biases and normalisation are few and stay f32. */
function isWeight(name: string, { dtype, shape }: SafetensorsTensor): boolean {
  return dtype === 'F32' && (shape.length > 1 || name.endsWith('.masked.values'));
}

function halved(tensor: SafetensorsTensor): SafetensorsTensor {
  const bits = Uint16Array.from(asFloat32(tensor, 'bundle'), floatToHalf);
  return { dtype: 'F16', shape: tensor.shape, data: new Uint8Array(bits.buffer) };
}

/** A table in 16 bits, if all its numbers are below what pads it then. */
function narrowed(table: SafetensorsTensor): SafetensorsTensor {
  const values = asUint32(table, 'bundle');
  if (!values.every((value) => value < PADDING_16 || value === PADDING)) return table;
  return { dtype: 'U16', shape: table.shape, data: new Uint8Array(Uint16Array.from(values).buffer) };
}

function widened(table: SafetensorsTensor): SafetensorsTensor {
  if (table.dtype !== 'U16') return table;
  const narrow = new Uint16Array(new Uint8Array(table.data).buffer);
  return safetensor(
    Uint32Array.from(narrow, (value) => (value === PADDING_16 ? PADDING : value)),
    table.shape,
  );
}

/** A masked weight as its active values in order, and one bit a weight that says which they are, lowest bit first. */
function packMasked(
  name: string,
  weight: SafetensorsTensor,
  mask: SafetensorsTensor,
  into: Map<string, SafetensorsTensor>,
): void {
  const active = asUint8Mask(mask, name);
  const values = asFloat32(weight, name).filter((_, i) => active[i] === 1);
  const bits = new Uint8Array(Math.ceil(active.length / 8));
  for (const [i, one] of active.entries()) bits[i >> 3] |= one << (i & 7);
  into.set(`${name}.masked.values`, safetensor(values, [values.length]));
  into.set(`${name}.masked.bits`, safetensor(bits, [bits.length]));
  into.set(`${name}.masked.shape`, safetensor(Uint32Array.from(weight.shape), [weight.shape.length]));
}

function unpackMasked(name: string, packed: NamedTensors, where: string, into: Map<string, SafetensorsTensor>): void {
  const place = `${where}: ${show(`${name}.masked`)}`;
  const part = (key: string) => {
    const tensor = packed.get(`${name}.masked.${key}`);
    if (tensor) return tensor;
    throw new InputError(`${place}: expected its ${key}, got none`);
  };
  const shape = [...asUint32(part('shape'), `${place} shape`)];
  const size = sizeOf(shape);
  const { data } = part('bits');
  if (data.length !== Math.ceil(size / 8)) {
    throw new InputError(`${place} bits: expected ${Math.ceil(size / 8)} bytes for ${show(shape)}, got ${data.length}`);
  }
  const values = asFloat32(part('values'), `${place} values`);
  const bits = wordsOf(data);
  // Before anything is made that is larger than the file.
  const count = countBits(bits);
  if (count !== values.length) {
    throw new InputError(`${place} values: expected ${count} values as the bits say, got ${values.length}`);
  }
  const mask = unpackBits(bits, size);
  const weight = new Float32Array(size);
  for (let i = 0, next = 0; next < count; i++) if (mask[i] === 1) weight[i] = values[next++];
  into.set(name, safetensor(weight, shape));
  into.set(`${name}_mask`, safetensor(mask, shape));
}

/** Bytes as 32-bit words, the lowest byte first. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4));
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}
