// The built page in headless Chromium, for scripts that show or measure it.

import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build, preview, runnerImport } from 'vite';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Software adapters compile for minutes on a busy machine. */
const PATIENCE_MS = 1_800_000;

/**
 * Builds and opens it, with a network that waits to be trained.
 * @param view options of a tab, as playwright has them.
 * @param args further ones of Chromium's.
 * @param before prepares the tab, before the page is opened.
 */
export async function openPage({ view = {}, args = [], before = async () => {} }) {
  const config = { configFile: `${root}vite.config.ts`, logLevel: 'error' };
  await build(config);
  const server = await preview({ ...config, preview: { port: 0, host: '127.0.0.1' } });
  const { module } = await runnerImport(`${root}test/support/chromium.node.ts`);
  const options = await module.chromiumLaunchOptions();
  const browser = await chromium.launch({ ...options, args: [...options.args, ...args] });
  const page = await browser.newPage(view);
  page.setDefaultTimeout(PATIENCE_MS);
  await before(page);
  await page.goto(server.resolvedUrls.local[0]);
  await prepared(page);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { browser, page, close };
}

/** The network that the settings describe is there. */
export async function prepared(page) {
  await page.locator('#weights[data-state="shown"]').waitFor();
  await page.locator('#start:enabled').waitFor();
}

export async function stepOf(page) {
  const text = await page.textContent('#position');
  return Number(/Step ([\d,]+)/.exec(text)?.[1].replace(',', ''));
}

/** Trains up to this step, at least, and pauses. */
export async function trainTo(page, step) {
  await page.click('#start');
  while (!((await stepOf(page)) >= step)) await page.waitForTimeout(100);
  await page.click('#start');
  await page.locator('#start', { hasText: 'Continue' }).waitFor();
}

export async function drawSeven(page) {
  const pad = page.locator('#pad');
  await pad.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await pad.boundingBox();
  const at = (across, down) => [x + across * width, y + down * height];
  await page.mouse.move(...at(0.28, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.72, 0.25), { steps: 8 });
  await page.mouse.move(...at(0.46, 0.82), { steps: 8 });
  await page.mouse.up();
  await page.locator('#verdict', { hasText: 'reads' }).waitFor();
}
