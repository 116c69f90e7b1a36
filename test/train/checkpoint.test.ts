// Reading checkpoints: what is no checkpoint, and what is a damaged one. Whole round trips: test/train_gpu/checkpoint.test.ts.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { Random } from '../../src/tensor/index.js';
import {
  defaultConfig,
  encodeSafetensors,
  isCheckpoint,
  parseCheckpoint,
  parseModelFile,
  parseSafetensors,
  type SafetensorsTensor,
  safetensor,
  sealCheckpoint,
} from '../../src/train/index.js';

const FORMAT = 'shuffleblock-checkpoint-2';
const tensors = new Map<string, SafetensorsTensor>([
  ['fc.weight', safetensor(Float32Array.of(1, 2), [2])],
  ['optimizer.velocity.fc.weight', safetensor(Float32Array.of(3, 4), [2])],
  ['topology.explored.fc', safetensor(Uint8Array.of(3), [1])],
]);
const config = defaultConfig('mnist');
const position = {
  config,
  step: 12,
  finishedEpochs: 1,
  best: { epoch: 0, testAccuracy: 0.5 },
  metrics: { lossSum: [1.5, 0], counts: [64, 10, 40] },
};

/** A file with a right checksum, whatever it says. */
function seal(value: unknown): Uint8Array {
  return sealCheckpoint(tensors, value as typeof position);
}

describe('parseCheckpoint', () => {
  it('parts the state of model, optimizer and topology', () => {
    const { model, state, topology, ...rest } = parseCheckpoint(seal(position), 'a.safetensors');
    expect(rest).toEqual(position);
    expect([...model.keys()]).toEqual(['fc.weight']);
    expect([...topology.keys()]).toEqual(['explored.fc']);
    expect([...state.keys()]).toEqual(['optimizer.velocity.fc.weight']);
    expect(state.get('optimizer.velocity.fc.weight')!.shape).toEqual([2]);
  });

  it('knows a checkpoint by its metadata', () => {
    expect(isCheckpoint({ format: FORMAT })).toBe(true);
    expect(isCheckpoint({ format: 'pt' })).toBe(false);
    expect(isCheckpoint({})).toBe(false);
  });

  it('refuses a file of another kind', () => {
    expect(() => parseCheckpoint(encodeSafetensors(tensors), 'a')).toThrow(
      new InputError(`a: expected a checkpoint (${FORMAT}), got a file without format`),
    );
    expect(() => parseCheckpoint(encodeSafetensors(tensors, { format: 'pt' }), 'a')).toThrow(
      new InputError(`a: expected a checkpoint (${FORMAT}), got "pt"`),
    );
  });

  it('refuses what another version wrote, rather than taking it for a state dict', () => {
    const old = encodeSafetensors(tensors, { format: 'shuffleblock-checkpoint-1' });
    expect(() => parseModelFile(old, 'a')).toThrow(
      new InputError(
        `a: expected ${FORMAT} or shuffleblock-bundle-1, got shuffleblock-checkpoint-1, of another version`,
      ),
    );
  });

  it.each<[string, unknown, string]>([
    [
      'no configuration',
      { ...position, config: undefined },
      'a: config: expected the configuration of a run, got none',
    ],
    [
      'no model',
      { ...position, config: { ...config, model: undefined } },
      'a: config: model: expected a text, got none',
    ],
    ['a data set 5', { ...position, config: { ...config, dataSet: 5 } }, 'a: config: dataSet: expected a text, got 5'],
    [
      'a setting of another program',
      { ...position, config: { ...config, gpus: 8 } },
      'a: config: expected settings of a run, got "gpus"',
    ],
    [
      'a value out of range',
      { ...position, config: { ...config, sparsity: 2 } },
      'a: config: sparsity: expected a number in [0, 1), got 2',
    ],
    [
      'dense layers that are no list',
      { ...position, config: { ...config, denseLayers: { includes: 1 } } },
      'a: config: denseLayers: expected a list of texts, got {"includes":1}',
    ],
  ])('refuses %s', (_, damaged, message) => {
    expect(() => parseCheckpoint(seal(damaged), 'a')).toThrow(new InputError(message));
  });

  it.each<[string, unknown]>([
    ['step', { ...position, step: undefined }],
    ['step', { ...position, step: 0.5 }],
    ['step', { ...position, step: -1 }],
    ['finishedEpochs', { ...position, finishedEpochs: 1e300 }],
    ['best', { ...position, best: { epoch: 'first' } }],
    ['metrics', { ...position, metrics: undefined }],
    ['metrics', { ...position, metrics: { ...position.metrics, counts: [1, 2] } }],
    ['metrics', { ...position, metrics: { ...position.metrics, counts: [1, 2, 2 ** 32] } }],
    ['metrics', { ...position, metrics: { counts: [1, 2, 3] } }],
    ['metrics', { ...position, metrics: { ...position.metrics, lossSum: [null, 0] } }],
  ])('refuses another %s than a run has', (name, damaged) => {
    expect(() => parseCheckpoint(seal(damaged), 'a')).toThrow(
      new InputError(`a: expected the position of a run in its metadata, got none or another ${name}`),
    );
  });

  it.each([[1], null, 'text'].map((value) => [value]))('refuses a position of %j', (value) => {
    expect(() => parseCheckpoint(seal(value), 'a')).toThrow(
      new InputError('a: expected the position of a run in its metadata, got no object'),
    );
  });
});

describe('a damaged checkpoint', () => {
  const whole = seal(position);
  const refusal = (bytes: Uint8Array) => {
    try {
      parseCheckpoint(bytes, 'a.safetensors');
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(/^a\.safetensors: [^\n]+$/);
      return (error as Error).message;
    }
    return 'accepted';
  };

  it('is refused however short it is', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(whole.subarray(0, length)), `${length} bytes`).not.toBe('accepted');
    }
  });

  it('is refused with every bit flipped that means anything', () => {
    const parsed = parseSafetensors(whole, 'a');
    let refused = 0;
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const bytes = whole.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      if (refusal(bytes) !== 'accepted') refused++;
      // A space at the end of the header may become another kind of space.
      else expect(parseSafetensors(bytes, 'a')).toEqual(parsed);
    }
    expect(refused).toBeGreaterThan(8 * whole.length - 100);
  });

  it('is called damaged where only the checksum can tell', () => {
    const bytes = whole.slice();
    bytes[bytes.length - 1] ^= 1;
    expect(refusal(bytes)).toMatch(
      /^a\.safetensors: expected contents of checksum "[0-9a-f]{8}", got [0-9a-f]{8}: a damaged checkpoint$/,
    );
    const { metadata } = parseSafetensors(whole, 'a');
    const otherSeed = { ...metadata, position: metadata.position.replace('"seed":0', '"seed":1') };
    expect(refusal(encodeSafetensors(tensors, otherSeed))).toContain('a damaged checkpoint');
    const renamed = [...tensors].map(([name, tensor]) => [name.replace('fc', 'fd'), tensor] as const);
    expect(refusal(encodeSafetensors(renamed, metadata))).toContain('a damaged checkpoint');
    const { checksum, ...unsealed } = metadata;
    expect(refusal(encodeSafetensors(tensors, unsealed))).toContain(
      `expected contents of checksum none, got ${checksum}`,
    );
  });

  it('of 1,000 random kinds is refused, never anything worse', () => {
    const random = new Random(5);
    for (let round = 0; round < 1000; round++) {
      let bytes = whole.slice(0, random.below(3) === 0 ? random.below(whole.length) : whole.length);
      for (let changes = 1 + random.below(8); changes > 0 && bytes.length > 0; changes--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      if (random.below(3) === 0) {
        const cut = random.below(bytes.length + 1);
        bytes = Uint8Array.of(...bytes.subarray(0, cut), ...new Uint8Array(random.below(9)), ...bytes.subarray(cut));
      }
      refusal(bytes);
    }
  });
});
