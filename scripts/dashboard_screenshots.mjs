// Takes the pictures of the dashboard in docs/images: trains lenet5 on the digits with three methods, one after the other, and looks at them
// while the last one trains. `npm run dashboard:screenshots` after a build; takes minutes on a software adapter. RUNS=DIR keeps the runs, and
// uses those that are there.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = `${root}docs/images/`;
const folder = process.env.RUNS ?? mkdtempSync(`${tmpdir()}/shuffleblock-runs-`);
const runs = `${folder}/runs`;
const FLAGS = ['--batch-size', '32', '--limit-train', '4000', '--log-every', '2', '--checkpoint-every', '10'];
const BEFORE = { 'digits-dense': ['--method', 'dense'], 'digits-rigl-0.9': ['--method', 'rigl'] };
const LAST = 'digits-dsb-0.9';

mkdirSync(images, { recursive: true });
for (const [name, flags] of Object.entries(BEFORE)) {
  if (!existsSync(`${runs}/${name}`)) await train([...flags, '--epochs', '2', '--out', `runs/${name}`]).ended;
}
const last = ['--method', 'dsb', '--epochs', '4', '--T', '10', '--out', `runs/${LAST}`];
const { child, address, ended } = train([...last, '--dashboard', '0']);
const { module } = await runnerImport(`${root}test/support/chromium.node.ts`);
const browser = await chromium.launch(await module.chromiumLaunchOptions());
try {
  // Without motion, what a checkpoint changed stays to be seen.
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  page.setDefaultTimeout(1_800_000);
  const all = new URLSearchParams([LAST, ...Object.keys(BEFORE)].map((run) => ['run', run]));
  await page.goto(`${(await address).origin}/?${all}`);
  // After the first epoch's evaluation.
  await page.locator('#weights-step', { hasText: /step 1[3-9]0/ }).waitFor();
  for (const [theme, name, width, isWhole] of [
    ['light', 'dashboard.png', 1360, true],
    ['dark', 'dashboard-dark.png', 1360, true],
    ['light', 'dashboard-phone.png', 390, false],
  ]) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height: 844 });
    // A picture of the whole page would resize it, and a resized one does not show again what changed.
    if (isWhole) await page.setViewportSize({ width, height: await page.evaluate(pageHeight) });
    await page.waitForTimeout(500);
    await nextCheckpoint(page);
    await page.screenshot({ path: images + name });
    console.log(images + name);
  }
} finally {
  await browser.close();
  child.kill();
  await ended;
}

function pageHeight() {
  return document.documentElement.scrollHeight;
}

/** Until the picture of another checkpoint is there, with what changed. */
function nextCheckpoint(page) {
  const step = () => document.getElementById('weights-step').textContent;
  return page.evaluate(step).then((before) =>
    page.waitForFunction((last) => {
      const isNext = document.getElementById('weights-step').textContent !== last;
      return isNext && getComputedStyle(document.querySelector('#natural .overlay')).opacity === '1';
    }, before),
  );
}

/** The process, where its dashboard is, and its end. */
function train(flags) {
  const started = spawn(process.execPath, [`${root}dist/cli/start.cjs`, 'train', ...FLAGS, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const found = new Promise((done) => {
    started.stdout.on('data', (part) => {
      said += part;
      const [link] = /http:\S+/.exec(said) ?? [];
      if (link) done(new URL(link));
    });
  });
  const over = new Promise((done) => {
    started.on('close', done);
  });
  return { child: started, address: found, ended: over };
}
