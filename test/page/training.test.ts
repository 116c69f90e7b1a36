// The page trains: a whole epoch of lenet5, with what a visitor does meanwhile. The tests follow one run, one after the other.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Visit } from './support.js';

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin();
  await visit.prepared();
  await visit.set({ batchSize: '32', epochs: '1' });
});

afterAll(() => visit?.end());

const SEVEN = [
  [0.28, 0.25],
  [0.72, 0.25],
  [0.46, 0.82],
] as const;

/** Longer than anything else that is waited for here. */
const WHOLE_EPOCH_MS = 900_000;

/** Test images in cells of the confusion matrix; an empty cell has none. */
const countsOf = async (cells: string) =>
  (await visit.page.locator(`#confusion-table ${cells}`).allTextContents()).map(Number);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What the plot of this title reads out. */
const reading = (title: string) =>
  visit.page.locator('.plot', { has: visit.page.locator('.title', { hasText: title }) }).locator('.reading');

describe('a run of lenet5 in blocks at 0.9', () => {
  it('is seen before it trains', async () => {
    await expect.poll(() => visit.page.textContent('#position')).toBe('Step 0 of 250');
    await expect.poll(() => visit.page.textContent('#tiles')).toContain('43,228of 430,500');
    await expect.poll(() => visit.page.locator('.layer').count()).toBe(4);
  });

  it('pauses between two steps and goes on', async () => {
    await visit.press('start');
    await visit.reaches(3);
    await visit.press('start');
    await visit.says('Continue');
    const step = await visit.step();
    await visit.page.waitForTimeout(1500);
    expect(await visit.step()).toBe(step);
    await visit.press('step');
    await visit.reaches(step + 1);
    expect(await visit.step()).toBe(step + 1);
  });

  it('goes on after a reload, with its curves', async () => {
    const step = await visit.step();
    const loss = await reading('Loss').textContent();
    expect(loss).toMatch(/training \d/);
    await visit.page.reload();
    await visit.notice(/the run kept in this browser, at step/);
    await visit.says('Continue');
    expect(await visit.step()).toBe(step);
    await expect.poll(() => reading('Loss').textContent()).toBe(loss);
    await visit.press('step');
    await visit.reaches(step + 1);
  });

  it('shows an update in both orders of the layer', async () => {
    const canvases = ['#natural canvas:not(.overlay)', '#shuffled canvas:not(.overlay)'];
    expect(await visit.step()).toBeLessThan(25);
    const before = await Promise.all(canvases.map((canvas) => visit.pixels(canvas)));
    await visit.press('start');
    const story = visit.page.locator('#weights-story', { hasText: /dropped [1-9][\d,]* and grew [1-9]/ });
    await story.waitFor();
    const [, dropped, grown] = /dropped ([\d,]+) and grew ([\d,]+)/.exec((await story.textContent())!)!;
    expect(grown).toBe(dropped);
    const after = await Promise.all(canvases.map((canvas) => visit.pixels(canvas)));
    for (const i of canvases.keys()) expect(after[i] === before[i], canvases[i]).toBe(false);
    const step = await visit.step();
    expect(step).toBeGreaterThanOrEqual(25);
  });

  it('learns to tell at least 90% of the test images', { timeout: WHOLE_EPOCH_MS }, async () => {
    await visit.says('Finished', WHOLE_EPOCH_MS);
    const accuracy = Number(/Test accuracy([\d.]+)%/.exec((await visit.page.textContent('#tiles'))!)![1]);
    expect(accuracy).toBeGreaterThanOrEqual(90);
    await visit.page.locator('#confusion-story', { hasText: 'at step 250' }).waitFor();
    expect(await countsOf('td[class]')).toHaveLength(100);
    expect(sum(await countsOf('td[class]'))).toBe(2000);
    expect(sum(await countsOf('td.right')) / 20).toBeCloseTo(accuracy, 1);
  });

  it('reads a drawn 7 as a 7', async () => {
    await visit.draw(SEVEN);
    await visit.page.locator('#verdict', { hasText: 'The network reads a 7.' }).waitFor();
    expect(await visit.page.locator('#bars li.best .name').textContent()).toBe('7');
  });
});
