// Checkpoints of real runs: everything comes back, a run goes on from one bit for bit, and damaged ones change nothing.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import {
  asFloat32,
  type Checkpoint,
  createTrainer,
  encodeCheckpoint,
  encodeSafetensors,
  METHOD_NAMES,
  parseCheckpoint,
  parseSafetensors,
  type RunConfig,
  readState,
  type Trainer,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digestsOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const where = 'checkpoint.safetensors';

/** Trains up to `step` and returns the checkpoint there; the trainer goes on to its end. */
async function runWithCheckpoint(config: RunConfig, step: number) {
  const trainer = await createTrainer(device, config, dataset);
  let bytes = new Uint8Array();
  const losses: number[] = [];
  for await (const event of trainer.run()) {
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    if (event.step + 1 === step) bytes = (await encodeCheckpoint(trainer)) as Uint8Array<ArrayBuffer>;
  }
  const end = await digestsOf(trainer.parts.model);
  trainer.dispose();
  return { bytes, losses, end };
}

/** A trainer that stands where the checkpoint was made. */
async function resumed(checkpoint: Checkpoint): Promise<Trainer> {
  const trainer = await createTrainer(device, checkpoint.config, dataset, { tensors: checkpoint.model, where });
  for (const [name, tensor] of trainer.state()) tensor.write(asFloat32(checkpoint.state.get(name)!, name));
  trainer.metrics.restore(checkpoint.metrics);
  trainer.resumeAt(checkpoint.step);
  return trainer;
}

describe.each(METHOD_NAMES)('%s', (method) => {
  it('goes on from a checkpoint in the middle of an epoch as if it had not stopped', async () => {
    const config: RunConfig = { ...CONFIG, method, maxSteps: 15, updateEnd: 14 };
    const { bytes, losses, end } = await runWithCheckpoint(config, 8);
    const checkpoint = parseCheckpoint(bytes, where);
    expect(checkpoint.step).toBe(8);
    expect(checkpoint.config).toEqual(config);
    const trainer = await resumed(checkpoint);
    expect(Buffer.from(bytes).equals(await encodeCheckpoint(trainer))).toBe(true);
    const later: number[] = [];
    const epochs: number[] = [];
    for await (const event of trainer.run()) {
      if (event.type === 'step') later.push(event.loss);
      if (event.type === 'epoch') epochs.push(event.step);
    }
    expect(later).toEqual(losses.slice(8));
    expect(epochs).toEqual([12, 15]);
    expect(await digestsOf(trainer.parts.model)).toEqual(end);
    trainer.dispose();
  });
});

describe('another file', () => {
  it('of another model is refused with what does not fit', async () => {
    const trainer = await createTrainer(device, { ...CONFIG, method: 'dense' }, dataset);
    const { model } = parseCheckpoint(await encodeCheckpoint(trainer), where);
    trainer.dispose();
    const { usedBytes } = device.memory();
    const other = createTrainer(device, { ...CONFIG, model: 'wrn-10-1' }, dataset, { tensors: model, where });
    await expect(other).rejects.toThrow(InputError);
    await expect(other).rejects.toThrow(
      /^checkpoint\.safetensors: the tensors do not fit the model: missing net0_block0_conv0\.weight, .*; not in the model: .*fc1\.weight/,
    );
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('with damaged tables is refused before anything reaches the GPU', async () => {
    const trainer = await createTrainer(device, CONFIG, dataset);
    const bytes = await encodeCheckpoint(trainer);
    trainer.dispose();
    const { metadata, tensors } = parseSafetensors(bytes, where);
    const columns = tensors.get('fc2.weight.blocks.block_columns')!;
    const damaged = columns.data.slice();
    damaged[3] = 0x7f;
    tensors.set('fc2.weight.blocks.block_columns', { ...columns, data: damaged });
    const { config, model } = parseCheckpoint(encodeSafetensors(tensors, metadata), where);
    const { usedBytes } = device.memory();
    const refused = createTrainer(device, config, dataset, { tensors: model, where });
    await expect(refused).rejects.toThrow(
      /^checkpoint\.safetensors: fc2\.weight\.blocks: ShuffledBlocks\.fromTables: group 0, block 0, column slot 0: expected a column below 300, got 2130706/,
    );
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('without configuration is a state dict', async () => {
    const trainer = await createTrainer(device, CONFIG, dataset);
    const bytes = encodeSafetensors(await readState(trainer.parts.model));
    trainer.dispose();
    expect(() => parseCheckpoint(bytes, where)).toThrow(/expected a checkpoint .*, got a file without format$/);
  });
});
