// Takes the pictures of the page in docs/images: trains a short run of lenet5 in headless Chromium, on a desktop and on a phone, in light and
// in dark. `npm run web:screenshots`; takes minutes on a software adapter. STEPS=40 says how long the run is.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build, preview, runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = `${root}docs/images/`;
const steps = Number(process.env.STEPS ?? 130);

const { module } = await runnerImport(`${root}test/support/chromium.node.ts`);
await build({ root: `${root}web`, configFile: `${root}vite.config.ts`, logLevel: 'error' });
const server = await preview({ configFile: `${root}vite.config.ts`, logLevel: 'error', preview: { port: 0 } });
const browser = await chromium.launch(await module.chromiumLaunchOptions());
mkdirSync(images, { recursive: true });

try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 }, deviceScaleFactor: 1.5 });
  page.setDefaultTimeout(1_800_000);
  await page.goto(server.resolvedUrls.local[0]);
  await page.locator('#start:enabled').waitFor();
  await page.locator('#weights[data-state="shown"]').waitFor();
  await page.check('#compare');
  await page.click('#start');
  await reach(page, steps);
  await page.click('#start');
  await page.locator('#start', { hasText: 'Continue' }).waitFor();
  await drawSeven(page);
  await page.locator('.notice button').evaluateAll((buttons) => {
    for (const button of buttons) button.click();
  });
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 1360, height: 1000 });
    await shoot(page, `page-${theme}.png`);
    await page.locator('#ask').scrollIntoViewIfNeeded();
    await shoot(page, `page-${theme}-ask.png`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('#weights').scrollIntoViewIfNeeded();
  await shoot(page, 'page-phone.png');
} finally {
  await browser.close();
  await server.close();
}

function reach(page, step) {
  return page.waitForFunction((wanted) => {
    const text = document.getElementById('position').textContent;
    return Number(/Step ([\d,]+)/.exec(text)?.[1].replace(',', '')) >= wanted;
  }, step);
}

async function drawSeven(page) {
  const pad = page.locator('#pad');
  await pad.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await pad.boundingBox();
  const at = (across, down) => [x + across * width, y + down * height];
  await page.mouse.move(...at(0.28, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.72, 0.25), { steps: 8 });
  await page.mouse.move(...at(0.46, 0.82), { steps: 8 });
  await page.mouse.up();
  await page.locator('#bars li').first().waitFor();
}

/** After plots and pictures have been drawn at their new size. */
async function shoot(page, name) {
  await page.waitForTimeout(800);
  await page.screenshot({ path: images + name });
  console.log(images + name);
}
