// The page in headless Chromium, and what a visitor does with it.

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { afterEach, expect, inject } from 'vitest';
import { chromiumLaunchOptions } from '../support/chromium.node.js';

/** Software adapters compile for minutes on a busy machine. */
const PATIENCE_MS = 150_000;

/** Those that have not ended. */
const visits = new Set<Visit>();

// What the visitor was told often says why a test failed: that the GPU was lost, for example.
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const visit of visits) console.log(`The page when "${task.name}" failed: ${await visit.describe()}`);
});

export class Visit {
  private readonly errors: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly server: PreviewServer,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  /** @param before prepares the tab, before the page is opened. */
  static async begin(before: (page: Page) => Promise<void> = async () => {}): Promise<Visit> {
    const server = await preview({
      root: inject('page'),
      configFile: false,
      logLevel: 'error',
      build: { outDir: '.' },
      preview: { port: 0, host: '127.0.0.1' },
    });
    const browser = await chromium.launch(await chromiumLaunchOptions());
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    const page = await context.newPage();
    await before(page);
    const visit = new Visit(browser, server, context, page);
    visits.add(visit);
    await page.goto(visit.address);
    return visit;
  }

  get address(): string {
    return this.server.resolvedUrls!.local[0];
  }

  /** Fails if the page threw anything. */
  async end(): Promise<void> {
    visits.delete(this);
    await this.browser.close();
    await this.server.close();
    expect(this.errors).toEqual([]);
  }

  /** Where the run stands, all notices and all errors. */
  async describe(): Promise<string> {
    const position = await this.page.textContent('#position');
    const notices = await this.page.locator('.notice > span').allTextContents();
    return [position, ...notices, ...this.errors].join(' | ');
  }

  /** The network that the settings describe is there. */
  async prepared(): Promise<void> {
    await this.page.locator('#weights[data-state="shown"]').waitFor();
    await this.page.locator('#start:enabled').waitFor();
  }

  /** Fills in settings by the names of their fields. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    await this.page.locator('#settings-more').evaluate((more) => more.setAttribute('open', ''));
    for (const [name, value] of Object.entries(settings)) {
      const field = this.page.locator(`#${name}`);
      const isSelect = await field.evaluate((node) => node.tagName === 'SELECT');
      await (isSelect ? field.selectOption(value) : field.fill(value));
    }
  }

  /** `start` says Start training, Pause, Continue or Finished. */
  async press(button: 'start' | 'step' | 'reset' | 'save' | 'clear' | 'test-image'): Promise<void> {
    await this.page.click(`#${button}`);
  }

  /** The start button says this. */
  async says(label: string, timeout = PATIENCE_MS): Promise<void> {
    await this.page.locator('#start', { hasText: label }).waitFor({ timeout });
  }

  async step(): Promise<number> {
    const text = (await this.page.textContent('#position')) ?? '';
    return Number(/Step ([\d,]+)/.exec(text)?.[1].replace(',', ''));
  }

  async reaches(step: number): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (let at = await this.step(); !(at >= step); at = await this.step()) {
      if (performance.now() > end) throw new Error(`step ${step}: the page is at ${at} after ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A notice with this text, once it is there. */
  async notice(text: RegExp): Promise<string> {
    const notice = this.page.locator('.notice > span', { hasText: text });
    await notice.first().waitFor();
    return (await notice.first().textContent())!;
  }

  /** Draws a line on the pad. @param points in shares of its sides. */
  async draw(points: readonly (readonly [number, number])[]): Promise<void> {
    const pad = this.page.locator('#pad');
    await pad.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await pad.boundingBox())!;
    const [first, ...others] = points.map(([across, down]) => [x + across * width, y + down * height] as const);
    await this.page.mouse.move(...first);
    await this.page.mouse.down();
    for (const point of others) await this.page.mouse.move(...point, { steps: 8 });
    await this.page.mouse.up();
  }

  /** A checksum of what a canvas shows. */
  async pixels(selector: string): Promise<string> {
    return this.page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  }
}

/** A network that trains fast on any adapter. */
export const SMALL = { model: 'lenet300-100', batchSize: '16', updateInterval: '4', epochs: '1' } as const;
