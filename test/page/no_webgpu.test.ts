// Where nothing can be trained, the page says why, and what helps.

import { expect, it } from 'vitest';
import { Visit } from './support.js';

it('a browser without WebGPU is told which ones have it', async () => {
  const visit = await Visit.begin(async (page) => {
    await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'gpu'));
    await page.route('**/worker-*.js', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ body: `delete WorkerNavigator.prototype.gpu; ${await answer.text()}`, response: answer });
    });
  });
  const text = await visit.notice(/WebGPU/);
  expect(text).toContain('This browser has no WebGPU');
  expect(text).toMatch(/Chrome .* Firefox/);
  expect(await visit.page.locator('#start').isDisabled()).toBe(true);
  expect(await visit.page.textContent('#position')).toBe('No GPU to train on');
  expect(await visit.page.locator('#method').isDisabled()).toBe(true);
  expect(await visit.page.textContent('#settings-lock')).toMatch(/no GPU/);
  expect(await visit.page.locator('.notice').count()).toBe(1);
  await visit.end();
});

it('a browser whose GPU is refused says so', async () => {
  const visit = await Visit.begin(async (page) => {
    await page.route('**/worker-*.js', async (route) => {
      const answer = await route.fetch();
      const refuse = 'GPU.prototype.requestAdapter = async () => null;';
      await route.fulfill({ body: `${refuse} ${await answer.text()}`, response: answer });
    });
  });
  await visit.notice(/offers no GPU/);
  await visit.end();
});

it('a page whose worker is held back says what to do', async () => {
  const visit = await Visit.begin(async (page) => {
    await page.route('**/worker-*.js', (route) => route.abort());
  });
  await visit.notice(/could not be loaded. Reload the page/);
  expect(await visit.page.textContent('#position')).toBe('Not loaded');
  expect(await visit.page.locator('#method').isDisabled()).toBe(true);
  expect(await visit.page.locator('#start').isDisabled()).toBe(true);
  await visit.end();
});
