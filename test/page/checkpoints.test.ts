// Checkpoints cross over: one that Node wrote goes on in the page, and the reverse; both tell the same logits.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ImageDataset } from '../../src/data/index.js';
import { loadMnist } from '../../src/data/index.node.js';
import {
  createTrainer,
  defaultConfig,
  encodeCheckpoint,
  parseCheckpoint,
  predict,
  restoreTrainer,
  type Trainer,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { Visit } from './support.js';

const CONFIG = { ...defaultConfig('mnist'), model: 'lenet5', batchSize: 16, updateInterval: 3, epochs: 1, logEvery: 1 };
const IMAGES = 4;
const TOLERANCE = 1e-5;

let dataset: ImageDataset;
let visit: Visit;

beforeAll(async () => {
  dataset = await loadMnist();
  visit = await Visit.begin();
  await visit.prepared();
});

afterAll(() => visit?.end());

/** Of test images from `first` on, in Node. */
async function logitsInNode({ parts }: Trainer, first: number): Promise<number[]> {
  const { classes } = dataset;
  const logits = await predict(parts.device, parts.model, parts.test, 100);
  return [...logits.subarray(first * classes, (first + IMAGES) * classes)];
}

/** The same in the page, which shows one image after the other. */
async function logitsInPage(first: number): Promise<number[]> {
  const logits: number[] = [];
  for (let image = first; image < first + IMAGES; image++) {
    await visit.page.locator('#bars').evaluate((bars) => bars.replaceChildren());
    await visit.press('test-image');
    await visit.page.locator(`#seen[aria-label^="Test image ${image},"]`).waitFor({ state: 'attached' });
    await expect.poll(() => visit.page.locator('#bars li').count()).toBe(dataset.classes);
    const values = await visit.page.locator('#bars li').evaluateAll((rows) => rows.map((row) => row.dataset.logit));
    logits.push(...values.map(Number));
  }
  return logits;
}

/** Each by itself, held against the largest, since f32 has seven digits. */
function expectSame(page: readonly number[], node: readonly number[]): void {
  const largest = Math.max(1, ...node.map(Math.abs));
  const errors = node.map((logit, i) => Math.abs(logit - page[i]) / largest);
  expect(page).toHaveLength(node.length);
  expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
}

async function train(trainer: Trainer, steps: number): Promise<void> {
  const end = trainer.step + steps;
  for await (const event of trainer.run()) if (event.type === 'step' && trainer.step >= end) break;
}

it('one of Node opens in the page, tells the same logits, and goes on', async () => {
  const trainer = await createTrainer(await testDevice(), CONFIG, dataset);
  await train(trainer, 7);
  const buffer = Buffer.from(await encodeCheckpoint(trainer));
  await visit.page.setInputFiles('#checkpoint', { name: 'node.safetensors', mimeType: '', buffer });
  await visit.notice(/^Opened node\.safetensors, at step 7\.$/);
  expect(await visit.step()).toBe(7);
  expectSame(await logitsInPage(0), await logitsInNode(trainer, 0));
  trainer.dispose();
  await visit.press('step');
  await visit.reaches(8);
});

it('one of the page opens in Node, tells the same logits, and goes on', async () => {
  const download = visit.page.waitForEvent('download');
  await visit.press('save');
  const bytes = readFileSync(await (await download).path());
  const checkpoint = parseCheckpoint(bytes, 'page.safetensors');
  expect(checkpoint.step).toBe(8);
  const initial = { tensors: checkpoint.model, where: 'page.safetensors' };
  const trainer = await createTrainer(await testDevice(), checkpoint.config, dataset, initial);
  restoreTrainer(trainer, checkpoint, 'page.safetensors');
  expectSame(await logitsInPage(IMAGES), await logitsInNode(trainer, IMAGES));
  await train(trainer, 2);
  expect(trainer.step).toBe(10);
  trainer.dispose();
});

it('one of a run that holds images out is evaluated on them in the page, which says so', async () => {
  const trainer = await createTrainer(await testDevice(), { ...CONFIG, validation: 500 }, dataset);
  await train(trainer, 2);
  const buffer = Buffer.from(await encodeCheckpoint(trainer));
  trainer.dispose();
  await visit.page.setInputFiles('#checkpoint', { name: 'held.safetensors', mimeType: '', buffer });
  await visit.notice(/^Opened held\.safetensors, at step 2\.$/);
  await visit.page.locator('#confusion-story', { hasText: ' of 500 validation images ' }).waitFor();
  await visit.page.locator('#tiles dt', { hasText: 'Validation accuracy' }).waitFor();
});
