// --init of a file with a topology: it is kept as it is, so the run's flags must say the same.

import { InputError } from '../../device/index.js';
import { BlockWeight, sparsifiableLayers } from '../../nn/index.js';
import { type InitialState, sparsityOf, type Trainer } from '../../train/index.js';

/** Rounding to whole blocks makes small networks a little denser than was asked for. */
const TOLERANCE = 0.02;

/** @throws InputError that names the flags to give, if the file's topology is not one of the run's sparsity and block size. */
export function checkInitialTopology({ parts: { model, config } }: Trainer, { tensors, where }: InitialState): void {
  const isSparse = [...tensors.keys()].some((name) => name.endsWith('_mask') || name.endsWith('.blocks.values'));
  if (!isSparse || config.layers.length > 0) return;
  const actual = sparsityOf(model);
  const sizes = sparsifiableLayers(model).flatMap(([, { weight }]) =>
    weight instanceof BlockWeight ? [weight.blocks.blockSize] : [],
  );
  const blockSize = sizes[0] ?? config.blockSize;
  if (Math.abs(actual - config.sparsity) <= TOLERANCE && blockSize === config.blockSize) return;
  const expected = `--sparsity ${Number(actual.toFixed(3))}${sizes.length > 0 ? ` --block-size ${blockSize}` : ''}`;
  const got = `${config.sparsity}${sizes.length > 0 ? ` and ${config.blockSize}` : ''}`;
  throw new InputError(`--init ${where}: expected ${expected}, as its topology has, got ${got}`);
}
