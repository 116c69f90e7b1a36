// The dashboard in Chromium, on a real training that is killed and goes on. The tests follow one run, one after the other.

import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumLaunchOptions } from '../support/chromium.node.js';
import { buildCommandLine, type CommandLine } from '../support/command_line.node.js';

/** Longer than the tests: the run is ended by them. */
const RUN_MS = 900_000;
const TRAIN = [
  ...[
    'train',
    '--model',
    'lenet300-100',
    '--method',
    'dsb',
    '--T',
    '10',
    '--adapter',
    'software',
    '--out',
    'runs/watched',
  ],
  ...['--limit-train', '640', '--limit-test', '64', '--batch-size', '16', '--epochs', '400'],
  ...['--log-every', '2', '--checkpoint-every', '20'],
];
let commands: CommandLine;
let browser: Browser;
let page: Page;
let training: Training;
const requested = new Set<string>();
const errors: string[] = [];

interface Training {
  readonly child: ChildProcess;
  readonly address: string;
}

/** Once it says where its dashboard is. */
function startTraining(args: readonly string[]): Promise<Training> {
  const { child, ended } = commands.start(args, {}, RUN_MS);
  return new Promise((done, fail) => {
    let said = '';
    child.stdout!.on('data', (part) => {
      said += part;
      const [address] = /http:\S+/.exec(said) ?? [];
      if (address) done({ child, address });
    });
    void ended.then(({ stderr }) => fail(new Error(`expected the address of a dashboard, got ${said}${stderr}`)));
  });
}

beforeAll(async () => {
  commands = await buildCommandLine({ page: true });
  training = await startTraining([...TRAIN, '--dashboard', '0']);
  browser = await chromium.launch(await chromiumLaunchOptions());
  page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  page.setDefaultTimeout(150_000);
  page.on('request', (request) => requested.add(new URL(request.url()).origin));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) errors.push(message.text());
  });
  await page.goto(training.address);
});

afterAll(async () => {
  await browser?.close();
  training?.child.kill('SIGKILL');
  commands?.dispose();
});

const reading = (title: string) =>
  page.locator('.plot', { has: page.locator('.title', { hasText: title }) }).locator('.reading');

async function steps(): Promise<number> {
  const text = await page.locator('#tiles div', { hasText: 'Steps' }).locator('dd').first().textContent();
  return Number(text!.replaceAll(',', ''));
}

it('shows a run as it trains', async () => {
  await page.locator('.run', { hasText: 'watched' }).locator('.run-state', { hasText: 'training' }).waitFor();
  await expect.poll(() => reading('Loss').textContent()).toMatch(/training \d/);
  await expect.poll(() => reading('Milliseconds a step').textContent()).toMatch(/^[\d,.]+$/);
  const before = await steps();
  await expect.poll(steps).toBeGreaterThan(before);
  await expect.poll(() => reading('Weights moved at an update').textContent()).toMatch(/%$/);
  await expect.poll(() => reading('Accuracy').textContent()).toMatch(/training \d.*, test \d/);
});

it('draws its curves', async () => {
  const isDrawn = () =>
    page
      .locator('.plot', { hasText: 'Loss' })
      .locator('canvas')
      .evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
        // The colour of the first run, which nothing else in a plot has.
        let pixels = 0;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === 0 && data[i + 1] === 103 && data[i + 2] === 177) pixels++;
        return pixels;
      });
  await expect.poll(isDrawn).toBeGreaterThan(100);
});

it('reads its curves out by keyboard', async () => {
  const plot = page.locator('.plot', { hasText: 'Loss' }).getByRole('slider');
  await page.locator('#curves').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Home');
  await expect.poll(() => reading('Loss').textContent()).toMatch(/^step 2: training \d/);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => reading('Loss').textContent()).toMatch(/^step [34]: training \d/);
  expect(await plot.getAttribute('aria-valuetext')).toBe(await reading('Loss').textContent());
  await page.keyboard.press('Tab');
  await expect.poll(() => reading('Loss').textContent()).toMatch(/^training \d/);
});

it('shows its blocks in both orders, and what a checkpoint changed', async () => {
  await page.locator('#weights[data-state="shown"]').waitFor();
  expect(await page.locator('.layer').count()).toBe(3);
  const pixels = (order: string) =>
    page.locator(`${order} canvas:not(.overlay)`).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const before = [await pixels('#natural'), await pixels('#shuffled')];
  await expect.poll(() => pixels('#natural')).not.toBe(before[0]);
  await expect.poll(() => pixels('#shuffled')).not.toBe(before[1]);
  await page.locator('#weights-story', { hasText: /dropped [1-9][\d,]* and grew [1-9]/ }).waitFor();
});

it('survives that the run is killed, and goes on with it where it is resumed', async () => {
  const { port } = new URL(training.address);
  const before = await steps();
  training.child.kill('SIGKILL');
  await page.locator('.notice', { hasText: 'does not answer' }).waitFor();
  expect(await steps()).toBeGreaterThanOrEqual(before);
  training = await startTraining(['train', '--resume', 'runs/watched', '--adapter', 'software', '--dashboard', port]);
  expect(new URL(training.address).port).toBe(port);
  await page.locator('.notice', { hasText: 'does not answer' }).waitFor({ state: 'detached' });
  const resumed = await steps();
  await expect.poll(steps).toBeGreaterThan(resumed + 2);
  expect(await page.locator('#damaged').textContent()).toBe('');
});

it('compares runs, each in its colour', async () => {
  const flags = ['--model', 'lenet300-100', '--method', 'rigl', '--adapter', 'software', '--max-steps', '6'];
  const short = [
    '--limit-train',
    '64',
    '--limit-test',
    '32',
    '--batch-size',
    '16',
    '--epochs',
    '2',
    '--log-every',
    '1',
  ];
  const { status, stderr } = await commands.run(['train', ...flags, ...short, '--out', 'runs/beside'], {}, 150_000);
  expect(status, stderr).toBe(0);
  const beside = page.locator('.run', { hasText: 'beside' });
  await beside.locator('input').check();
  await expect.poll(() => page.locator('#side-by-side tr').count()).toBe(3);
  await expect.poll(() => page.locator('#side-by-side').textContent()).toMatch(/besideRigL at 0.9.*finished/);
  await beside.locator('.swatch[style*="--run-2"]').waitFor();
  expect(page.url()).toMatch(/\?run=watched&run=beside$/);
  await page.selectOption('#focus', 'beside');
  await page.locator('#weights-step', { hasText: 'as of step 6' }).waitFor();
  await page.locator('.layer', { hasText: 'mask' }).first().waitFor();
  expect(await page.locator('#shuffled-figure').isVisible()).toBe(false);
  await page.reload();
  await expect.poll(() => page.locator('#side-by-side tr').count()).toBe(3);
});

it('says why no seventh run can be chosen, and until when', async () => {
  const copies = [1, 2, 3, 4, 5].map((i) => `copy${i}`);
  for (const copy of copies)
    cpSync(`${commands.folder}/runs/beside`, `${commands.folder}/runs/${copy}`, { recursive: true });
  const note = page.locator('#runs-full');
  for (const copy of copies.slice(0, 4)) await page.locator('.run', { hasText: copy }).locator('input').check();
  await expect.poll(() => note.textContent()).toMatch(/^6 runs are shown.*Take one away/);
  const last = page.locator('.run', { hasText: 'copy5' }).locator('input');
  expect(await last.isDisabled()).toBe(true);
  await page.locator('.run', { hasText: 'copy1' }).locator('input').uncheck();
  await expect.poll(() => note.textContent()).toBe('');
  expect(await last.isDisabled()).toBe(false);
  for (const copy of copies) {
    await page.locator('.run', { hasText: copy }).locator('input').setChecked(false);
    rmSync(`${commands.folder}/runs/${copy}`, { recursive: true });
  }
  await expect.poll(() => page.locator('.run').count()).toBe(2);
});

it('says that a run was removed', async () => {
  rmSync(`${commands.folder}/runs/beside`, { recursive: true });
  await page.locator('.notice', { hasText: 'The run beside is no longer there.' }).waitFor();
  await expect.poll(() => page.locator('.run').count()).toBe(1);
});

it('says how to make a run where there is none', async () => {
  mkdirSync(`${commands.folder}/none`);
  const { child, address } = await startTraining(['dashboard', 'none', '--port', '0']);
  const empty = await browser.newPage();
  await empty.goto(address);
  await empty.getByText('npx shuffleblock train --out none/first').waitFor();
  expect(await empty.locator('#folder').textContent()).toBe('No runs in none/');
  expect(await empty.locator('.side, .content').filter({ visible: true }).count()).toBe(0);
  await empty.close();
  child.kill('SIGKILL');
});

it('fits a phone, names every control, and is dark where the system is', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  const nameless = await page
    .locator('button, select, input')
    .evaluateAll(
      (controls) =>
        controls.filter((control) => !(control as HTMLInputElement).labels?.length && !control.textContent?.trim())
          .length,
    );
  expect(nameless).toBe(0);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
});

it('loaded nothing from anywhere else, and threw nothing', () => {
  expect([...requested]).toEqual([new URL(training.address).origin]);
  expect(errors).toEqual([]);
});
