// Reading checkpoints: what is no checkpoint, and what is a damaged one. Whole round trips: test/train_gpu/checkpoint.test.ts.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import {
  defaultConfig,
  encodeSafetensors,
  isCheckpoint,
  parseCheckpoint,
  type SafetensorsTensor,
  safetensor,
} from '../../src/train/index.js';

const FORMAT = 'shuffleblock-checkpoint-1';
const weight = safetensor(Float32Array.of(1, 2), [2]);
const tensors: [string, SafetensorsTensor][] = [
  ['fc.weight', weight],
  ['optimizer.velocity.fc.weight', safetensor(Float32Array.of(3, 4), [2])],
  ['topology.explored.fc', safetensor(Uint8Array.of(3), [1])],
];
const position = {
  config: defaultConfig('mnist'),
  step: 12,
  metrics: { lossSum: [1.5, 0], counts: [64, 10, 40] },
};

function encode(text: string | undefined, format: string = FORMAT): Uint8Array {
  return encodeSafetensors(tensors, text === undefined ? { format } : { format, position: text });
}

describe('parseCheckpoint', () => {
  it('parts the state of model, optimizer and topology', () => {
    const { model, state, topology, ...rest } = parseCheckpoint(encode(JSON.stringify(position)), 'a.safetensors');
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
    expect(() => parseCheckpoint(encode('', 'pt'), 'a')).toThrow(
      new InputError(`a: expected a checkpoint (${FORMAT}), got pt`),
    );
  });

  it('refuses every truncation', () => {
    const bytes = encode(JSON.stringify(position));
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => parseCheckpoint(bytes.subarray(0, length), 'a'), `${length} bytes`).toThrow(InputError);
    }
  });

  it.each<[string, unknown]>([
    ['no configuration', { ...position, config: undefined }],
    ['a configuration without model', { ...position, config: { ...position.config, model: undefined } }],
    ['a configuration without data set', { ...position, config: { ...position.config, dataSet: 5 } }],
    ['no step', { ...position, step: undefined }],
    ['half a step', { ...position, step: 0.5 }],
    ['a negative step', { ...position, step: -1 }],
    ['no metrics', { ...position, metrics: undefined }],
    ['too few counts', { ...position, metrics: { ...position.metrics, counts: [1, 2] } }],
    ['no sum of losses', { ...position, metrics: { counts: [1, 2, 3] } }],
    ['a sum that is no number', { ...position, metrics: { ...position.metrics, lossSum: [null, 0] } }],
    ['a list', [1]],
    ['null', null],
  ])('refuses %s', (_, damaged) => {
    expect(() => parseCheckpoint(encode(JSON.stringify(damaged)), 'a')).toThrow(
      new InputError('a: expected configuration and step in its metadata, got something else'),
    );
  });

  it('refuses what is no JSON, and nothing', () => {
    expect(() => parseCheckpoint(encode('{'), 'a')).toThrow(/in its metadata, got something else$/);
    expect(() => parseCheckpoint(encode(undefined), 'a')).toThrow(/in its metadata, got none$/);
  });
});
