// What goes wrong around a run: every time the visitor reads what it was, and training goes on.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SMALL, Visit } from './support.js';

/** It does not end before the tests do. */
const LONG = { ...SMALL, epochs: '100' };

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin();
  await limitStorage(1000);
  await visit.prepared();
  await visit.set(LONG);
});

beforeEach(async () => {
  if ((await visit.page.textContent('#start')) !== 'Pause') await visit.press('start');
  await goesOn();
});

afterAll(() => visit?.end());

/** The run is under way, and gets further. */
async function goesOn(): Promise<void> {
  await visit.says('Pause');
  await visit.reaches((await visit.step()) + 2);
}

/** @param quotaSize bytes that the page may store; as ever without it. */
async function limitStorage(quotaSize?: number): Promise<void> {
  const session = await visit.context.newCDPSession(visit.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(visit.address).origin, quotaSize });
}

/** As if dragged from the desktop. */
async function drop(...files: { name: string; text: string }[]): Promise<void> {
  const dataTransfer = await visit.page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const { name, text } of list) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  await visit.page.dispatchEvent('body', 'drop', { dataTransfer });
}

// First, since Chromium looks again at how much is left no sooner than half a minute after it has stored something.
it('a full storage is told once, and a checkpoint can still be saved', async () => {
  const full = visit.page.locator('.notice', { hasText: 'storage is full' });
  await visit.press('start');
  await visit.says('Continue');
  await visit.notice(/storage is full: training goes on/);
  const download = visit.page.waitForEvent('download');
  await visit.press('save');
  expect((await download).suggestedFilename()).toMatch(/^lenet300-100-dsb-step\d+\.safetensors$/);
  await full.getByRole('button').click();
  await visit.press('start');
  await goesOn();
  await visit.press('start');
  await visit.says('Continue');
  expect(await full.count()).toBe(0);
  await limitStorage();
  await visit.press('start');
  await goesOn();
});

it('a wrong file is refused by name', async () => {
  await drop({ name: 'holiday.jpg', text: 'not a checkpoint at all' });
  expect(await visit.notice(/holiday\.jpg/)).toMatch(/^holiday\.jpg: expected .*safetensors/);
  await goesOn();
  await drop({ name: 'a.txt', text: 'x' }, { name: 'b.txt', text: 'y' });
  await visit.notice(/^Expected one checkpoint, got 2 files: a.txt, b.txt/);
  await goesOn();
});

it('a hidden tab trains on, and tells how far', async () => {
  const hide = (hidden: boolean) =>
    visit.page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  await visit.page.waitForTimeout(4000);
  await visit.reaches((await visit.step()) + 1);
  await hide(false);
  await visit.notice(/While this tab was hidden, the run went on for \d+ steps/);
  await goesOn();
});

it('a GPU that is lost under the run is opened again', async () => {
  const [worker] = visit.page.workers();
  const destroyed = worker.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const { createCommandEncoder } = GPUDevice.prototype;
        GPUDevice.prototype.createCommandEncoder = function (...parameters) {
          GPUDevice.prototype.createCommandEncoder = createCommandEncoder;
          const encoder = createCommandEncoder.apply(this, parameters);
          setTimeout(() => {
            this.destroy();
            resolve();
          });
          return encoder;
        };
      }),
  );
  await destroyed;
  await visit.notice(/the GPU device was lost.*opened again, and the run goes on from its last copy/);
  await goesOn();
});

it('settings that cannot be are told, and others taken', async () => {
  await visit.press('start');
  await visit.says('Continue');
  await visit.press('reset');
  await visit.page.click('#confirm-yes');
  await visit.says('Start training');
  await visit.set({ learningRate: '0' });
  await visit.notice(/^learning rate: expected a positive number, got 0$/);
  await visit.set({ learningRate: '0.05' });
  await visit.prepared();
  await expect.poll(() => visit.page.locator('.notice[data-topic="settings"]').count()).toBe(0);
  await visit.press('start');
  await goesOn();
});
