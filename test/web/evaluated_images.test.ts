// The pages name the images that a run is evaluated on: test images, or those that it held out.

import { parseHTML } from 'linkedom';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultConfig, type EpochEvent, type RunConfig } from '../../src/train/index.js';
import { RunData } from '../../web/dashboard/run_data.js';
import { RunRecord } from '../../web/page/run_record.js';

// Written for a browser, whose types these tests do not know.
const page = await import('../../web/page/tables.js' as string);
const { Announcer } = await import('../../web/page/announcer.js' as string);
const { ConfusionView } = await import('../../web/page/confusion_view.js' as string);
const dashboard = await import('../../web/dashboard/run_tables.js' as string);

interface Element {
  readonly textContent: string;
  querySelectorAll(selector: string): Iterable<Element>;
}
let document: { createElement(tag: string): Element; querySelector(selector: string): Element };

beforeEach(() => {
  const html = '<div id="confusion"></div><table id="confusion-table"></table><p id="confusion-story"></p>';
  const window = parseHTML(`<html><body>${html}</body></html>`);
  document = window.document as unknown as typeof document;
  vi.stubGlobal('document', document);
  for (const name of ['HTMLElement', 'HTMLTableElement']) vi.stubGlobal(name, window.HTMLElement);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const TESTED: RunConfig = defaultConfig('mnist');
const HELD_OUT: RunConfig = { ...TESTED, validation: 500 };
const EPOCH: EpochEvent = {
  ...{ type: 'epoch', epoch: 0, step: 10, trainLoss: 1, trainAccuracy: 0.5, testLoss: 1, testAccuracy: 0.75 },
  ...{ testTop5: 1, sparsity: 0.9, seconds: 1, dataWaitSeconds: 0, updateSeconds: 0 },
};

/** What `show` writes into a table or list. */
function written(tag: string, show: (element: Element) => void): string {
  const element = document.createElement(tag);
  show(element);
  return [...element.querySelectorAll('th, td, dt, dd')].map(({ textContent }) => textContent).join(' | ');
}

describe.each([
  ['Test', TESTED],
  ['Validation', HELD_OUT],
] as const)('%s', (name, config) => {
  const word = name.toLowerCase();

  it('in the page', () => {
    const images = { channels: 1, height: 28, width: 28, classNames: [], trainCount: 10, testCount: 5 };
    const record = new RunRecord({ config, layers: [], images });
    record.add([EPOCH]);
    const runs = new Map([['main', record]]);
    expect(written('dl', (list) => page.showTiles(list, record))).toContain(`${name} accuracy | 75.0%`);
    expect(written('table', (table) => page.showComparison(table, runs))).toContain(`${name} accuracy | 75.0%`);
    expect(written('table', (table) => page.showEpochs(table, [EPOCH], word))).toContain(
      `Training accuracy | ${name} loss | ${name} accuracy | `,
    );
  });

  it('aloud, and above the matrix of confusions', () => {
    const region = document.createElement('p');
    new Announcer(region).lines([EPOCH], word);
    expect(region.textContent).toBe(`Epoch 1: ${word} accuracy 75.0%`);
    new ConfusionView().show(10, Uint32Array.of(3, 1, 0, 4), ['a', 'b'], word);
    expect(document.querySelector('#confusion-story').textContent).toMatch(
      new RegExp(`^87.5% of 8 ${word} images are read correctly`),
    );
    expect(document.querySelector('caption').textContent).toMatch(new RegExp(`^${name} images by class`));
  });

  it('in the dashboard', () => {
    const run = runData('a', config);
    expect(written('dl', (list) => dashboard.showTiles(list, run))).toContain(`${name} accuracy | 75.00%`);
    const table = written('table', (table) => dashboard.showComparison(table, [run, run]));
    expect(table).toContain(`| ${name} accuracy | Best |`);
    expect(table).toContain('| 75.00% | 80.00% |');
  });
});

it('the dashboard tells apart runs that were evaluated on different images', () => {
  const runs = [runData('a', TESTED), runData('b', HELD_OUT)];
  const table = written('table', (table) => dashboard.showComparison(table, runs));
  expect(table).toContain('| Accuracy | Best |');
  expect(table).toMatch(/ 75\.00% \(test\) \| .* 75\.00% \(validation\) \| /);
});

it('a run of which nothing is known is taken for one with test images', () => {
  const list = written('dl', (element) => dashboard.showTiles(element, runData('a', undefined)));
  expect(list).toContain('Test accuracy');
});

function runData(name: string, config: RunConfig | undefined): RunData {
  const run = new RunData({ name, config, isLive: false, changed: 1, metricsBytes: 1 });
  run.epochs = { step: [10], epoch: [0], testAccuracy: [0.75], bestAccuracy: [0.8] };
  return run;
}
