// Takes the pictures of the page in docs/images: trains a network for an epoch and up to the next update, with its dense twin, in headless
// Chromium, on a desktop and on a phone, in light and in dark.
//   npm run web:screenshots -- [--model lenet300-100] [--steps 275] [--out FOLDER]
// takes minutes on a software adapter, with lenet5 half an hour.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { drawSeven, openPage, prepared, root, stepOf, trainTo } from './page_browser.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'lenet300-100' },
    steps: { type: 'string', default: '275' },
    out: { type: 'string', default: join(root, 'docs', 'images') },
  },
});
const DESKTOP = { width: 1360, height: 1000 };
const PHONE = { width: 390, height: 844 };
/** A few flat colours: no more are needed, and the files are a third as large. */
const PNG = { palette: true, colours: 96, dither: 0, effort: 10 };

mkdirSync(values.out, { recursive: true });
const steps = Number(values.steps);

// Without motion, what an update changed stays to be seen.
const view = { viewport: DESKTOP, deviceScaleFactor: 1.25, reducedMotion: 'reduce' };
const { page, close } = await openPage({ view });
try {
  await page.locator('#settings-more').evaluate((more) => more.setAttribute('open', ''));
  await page.selectOption('#model', values.model);
  await page.fill('#batchSize', '32');
  await page.fill('#epochs', '2');
  await page.locator('#settings-more').evaluate((more) => more.removeAttribute('open'));
  await page.locator('#position', { hasText: 'of 500' }).waitFor();
  await prepared(page);
  await page.check('#compare');
  await trainTo(page, steps - 3);
  while ((await stepOf(page)) < steps) await stepOnce();
  await drawSeven(page);
  await closeNotices();
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await shoot(`page-${theme}.png`, 'body');
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot('page-curves.png', '#curves');
  await shoot('page-digit.png', '#ask', page.locator('#ask'));
  await page.setViewportSize(PHONE);
  await page.reload();
  await prepared(page);
  await closeNotices();
  await shoot('page-phone.png', 'body');
  await shoot('page-phone-weights.png', '#weights');
} finally {
  await close();
}

async function stepOnce() {
  const before = await stepOf(page);
  await page.click('#step');
  while ((await stepOf(page)) === before) await page.waitForTimeout(100);
}

async function closeNotices() {
  for (const notice of (await page.locator('.notice button').all()).reverse()) await notice.click();
}

/** What is seen with this part at the top (or, of that, the frame), after plots and pictures were drawn at their new size. */
async function shoot(name, part, frame = page) {
  await page.locator(part).evaluate((node) => scrollTo(0, node.getBoundingClientRect().top + scrollY - 16));
  await page.waitForTimeout(1000);
  const path = join(values.out, name);
  await sharp(await frame.screenshot())
    .png(PNG)
    .toFile(path);
  console.log(path);
}
