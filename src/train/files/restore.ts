// Puts a trainer where a checkpoint was made.

import { InputError } from '../../device/index.js';
import { sameShape, type Tensor } from '../../tensor/index.js';
import type { Trainer } from '../trainer.js';
import type { Checkpoint } from './checkpoint.js';
import { asFloat32, asUint32, type SafetensorsTensor } from './safetensors.js';

/**
 * Restores `Trainer.state`, topology updates, metrics and position. The model's own state comes first, as the `initial` of `createTrainer`: parameters
 * of a sparse model have the sizes of its topology.
 * @param where the file's name, for messages.
 * @throws InputError if the checkpoint does not fit; the trainer is of no use then.
 */
export function restoreTrainer(trainer: Trainer, checkpoint: Checkpoint, where: string): void {
  const { state, metrics } = checkpoint;
  try {
    trainer.resumeAt(checkpoint);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${where}: ${error.message}`) : error;
  }
  const tensors = trainer.state();
  checkNames(new Set(tensors.map(([name]) => name)), state.keys(), where);
  for (const [name, tensor] of tensors) tensor.write(valuesFor(tensor, state.get(name), `${where}: ${name}`));
  restoreTopology(trainer, checkpoint, where);
  trainer.metrics.restore(metrics);
}

function restoreTopology({ parts }: Trainer, { topology, step }: Checkpoint, where: string): void {
  if (parts.topology) parts.topology.restore(topology, step, where);
  else checkNames(new Set(), topology.keys(), `${where}: topology`);
}

function checkNames(expected: ReadonlySet<string>, stored: Iterable<string>, where: string): void {
  const extra = [...stored].find((name) => !expected.has(name));
  if (extra !== undefined) throw new InputError(`${where}: ${extra}: expected no such state in this run, got one`);
}

function valuesFor(tensor: Tensor, stored: SafetensorsTensor | undefined, where: string): Float32Array | Uint32Array {
  if (!stored || !sameShape(stored.shape, tensor.shape)) {
    throw new InputError(`${where}: expected [${tensor.shape}], got ${stored ? `[${stored.shape}]` : 'none'}`);
  }
  return tensor.dtype === 'f32' ? asFloat32(stored, where) : asUint32(stored, where);
}
