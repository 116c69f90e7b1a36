// The page for everybody: with a keyboard, on a phone, in the dark, without motion; and for a long time.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { SMALL, Visit } from './support.js';

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin();
  await visit.prepared();
});

afterAll(() => visit?.end());

it('every control has a name', async () => {
  const nameless = await visit.page.locator('button, select, input, [role="application"]').evaluateAll((controls) =>
    controls
      .filter((control) => {
        const { labels } = control as HTMLInputElement;
        const isHidden = control instanceof HTMLInputElement && control.hidden;
        return !isHidden && !labels?.length && !control.ariaLabel && !control.textContent?.trim();
      })
      .map((control) => control.outerHTML),
  );
  expect(nameless).toEqual([]);
});

it('draws by keyboard', async () => {
  const { page } = visit;
  await page.focus('#pad-area');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Space');
  for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.locator('#verdict', { hasText: /The network reads an? \d/ }).waitFor();
  expect(await page.locator('#seen').isVisible()).toBe(true);
});

it('leaves the keyboard where it is when the layers are listed anew', async () => {
  const { page } = visit;
  const focused = () => page.evaluate(() => (document.activeElement as HTMLInputElement).value);
  await page.locator('.layer input').nth(1).focus();
  const [before, radio] = [await focused(), await page.locator('.layer input').nth(1).elementHandle()];
  // As if by another hand: focus stays.
  await page.locator('#seed').evaluate((seed: HTMLInputElement) => {
    seed.value = '7';
    seed.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect.poll(() => radio!.evaluate((node) => node.isConnected)).toBe(false);
  expect(await focused()).toBe(before);
  await visit.prepared();
});

it('fits a phone', async () => {
  await visit.page.setViewportSize({ width: 360, height: 740 });
  const width = () => visit.page.evaluate(() => document.documentElement.scrollWidth);
  await expect.poll(width).toBe(360);
  await visit.page.setViewportSize({ width: 1280, height: 1000 });
});

it('is dark where the system is, and as chosen from then on', async () => {
  const { page } = visit;
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  expect(await theme()).toBe('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(theme).toBe('dark');
  await page.getByRole('button', { name: 'Use light colours' }).click();
  expect(await theme()).toBe('light');
  await page.reload();
  expect(await theme()).toBe('light');
  await visit.prepared();
});

it('shows an update without motion where none is wanted, until the next picture', async () => {
  const { page } = visit;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await visit.set({ ...SMALL, updateInterval: '1' });
  await visit.prepared();
  for (let step = 1; step <= 2; step++) {
    await visit.press('step');
    await visit.reaches(step);
  }
  await page.locator('#weights-story', { hasText: 'dropped' }).waitFor();
  const opacity = () => page.locator('#natural .overlay').evaluate((overlay) => getComputedStyle(overlay).opacity);
  expect(await opacity()).toBe('1');
  await page.getByRole('button', { name: /colours/ }).click();
  expect(await opacity()).toBe('1');
});

it('trains a dense twin beside it, step by step', async () => {
  const cells = (name: string) =>
    visit.page.locator('#comparison tr', { hasText: name }).locator('td').allTextContents();
  const step = (await visit.step()) + 1;
  await visit.page.check('#compare');
  await visit.press('step');
  await expect.poll(() => cells('Steps done')).toEqual([String(step), String(step)]);
  const [sparse, dense] = (await cells('Weights')).map((text) => Number(text.replace(',', '')));
  expect(dense).toBe(784 * 300 + 300 * 100 + 100 * 10);
  expect(sparse / dense).toBeCloseTo(0.1, 2);
  await visit.page.uncheck('#compare');
  await expect.poll(() => cells('Steps done')).toEqual([String(step)]);
});

it('uses no more memory after many networks than after the first', async () => {
  const memory = visit.page.locator('.plot', { hasText: 'GPU memory' }).locator('.reading');
  const seen: Record<string, string[]> = { lenet5: [], 'lenet300-100': [] };
  for (const model of ['lenet5', 'lenet300-100', 'lenet5', 'lenet300-100', 'lenet5', 'lenet300-100']) {
    await visit.press('reset');
    await visit.page.click('#confirm-yes');
    await visit.says('Start training');
    await visit.set({ model });
    await expect.poll(() => visit.page.locator('.layer').count()).toBe(model === 'lenet5' ? 4 : 3);
    await visit.press('step');
    await visit.reaches(1);
    await expect.poll(() => memory.textContent()).toMatch(/\d/);
    seen[model].push((await memory.textContent())!);
  }
  for (const readings of Object.values(seen)) expect(new Set(readings).size, readings.join()).toBe(1);
});
