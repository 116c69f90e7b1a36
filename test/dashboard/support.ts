// Runs as files, without a training.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, defaultConfig, safetensor, sealCheckpoint } from '../../src/train/index.js';

export const stepLine = (step: number, loss = 1 / (step + 1)) =>
  JSON.stringify({ type: 'step', step, epoch: 0, loss, lr: 0.05, ms: 12.5, memoryBytes: 1024 });

export const topologyLine = (step: number, layer: string, grown = 10) =>
  JSON.stringify({
    type: 'topology',
    step,
    layer,
    candidates: 20,
    dropped: grown,
    grown,
    nnz: 100,
    size: 1000,
    explored: 0.2,
    ms: 2,
  });

export const epochLine = (epoch: number, step: number, testAccuracy = 0.9) =>
  JSON.stringify({
    ...{ type: 'epoch', epoch, step, trainLoss: 0.5, trainAccuracy: 0.8, testLoss: 0.4, testAccuracy, testTop5: 1 },
    ...{ sparsity: 0.9, seconds: 3, dataWaitSeconds: 0, updateSeconds: 0.1 },
  });

export const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'shuffleblock-dashboard-'));
}

/** A run's folder with a configuration and these lines. */
export function writeRun(folder: string, name: string, lines: readonly string[] = []): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const content = { ...defaultConfig('mnist'), files: { dataDir: '/secret/images' } };
  writeFileSync(join(path, 'config.json'), JSON.stringify(content));
  writeFileSync(join(path, 'metrics.jsonl'), text(lines));
  return path;
}

/** A small checkpoint with a weight in blocks, a masked and a dense one. */
export function blockCheckpoint({ step = 1, ...rest }: Partial<Pick<Checkpoint, 'step' | 'shapes'>>): Uint8Array {
  const mask = { ...safetensor(Uint8Array.of(1, 0, 0, 0, 1, 0), [2, 3]), dtype: 'BOOL' as const };
  const tensors = new Map([
    [
      'fc1.weight.blocks.values',
      safetensor(
        Float32Array.from({ length: 32 }, (_, i) => i + 1),
        [2, 4, 4],
      ),
    ],
    ['fc1.weight.blocks.group_rows', safetensor(Uint32Array.of(7, 6, 5, 4, 3, 2, 1, 0), [8])],
    ['fc1.weight.blocks.group_start', safetensor(Uint32Array.of(0, 1, 2), [3])],
    ['fc1.weight.blocks.block_columns', safetensor(Uint32Array.of(0, 2, 4, 6, 1, 3, 5, 7), [8])],
    ['fc2.weight', safetensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
    ['fc2.weight_mask', mask],
    ['fc3.weight', safetensor(Float32Array.of(1, 2), [1, 2])],
    ['fc3.bias', safetensor(Float32Array.of(1), [1])],
  ]);
  const shapes = { fc1: [8, 12], fc2: [2, 3], fc3: [1, 2] };
  const metrics = { lossSum: [0, 0], counts: [0, 0, 0] };
  return sealCheckpoint(tensors, { config: defaultConfig('mnist'), step, finishedEpochs: 0, metrics, shapes, ...rest });
}
