// The page: connects its parts with the worker that trains.

import type { DeviceFacts, Report, Request } from './messages.js';
import { Curves } from './page/curves.js';
import { element, make } from './page/dom.js';
import { Notices } from './page/notices.js';
import { RunControls } from './page/run_controls.js';
import { Settings } from './page/settings.js';
import { installTheme } from './page/theme.js';

const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module' });
const ask = (request: Request) => worker.postMessage(request);

const notices = new Notices(element('notices', HTMLElement));
const settings = new Settings();
const curves = new Curves(element('plots', HTMLElement));
let hasRun = false;

/** A run that does not exist yet is made first. */
function go(request: Request): void {
  if (!hasRun) {
    const config = settings.read();
    if (!config) return;
    ask({ type: 'prepare', config });
  }
  ask(request);
}

const controls = new RunControls({
  start: () => go({ type: 'run' }),
  pause: () => ask({ type: 'pause' }),
  step: () => go({ type: 'step' }),
  reset: () => {
    ask({ type: 'discard' });
    curves.remove('main');
  },
});

function showDevice({ description, isSoftware, features }: DeviceFacts): void {
  const facts = { Adapter: description, Features: features.join(', ') || 'none', Precision: '32-bit floats' };
  const rows = Object.entries(facts).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]);
  element('device', HTMLElement).replaceChildren(...rows);
  if (isSoftware) {
    notices.show(
      'warning',
      `No hardware GPU: training runs on a software adapter, many times slower (${description}).`,
    );
  }
}

function receive(report: Report): void {
  switch (report.type) {
    case 'device':
      showDevice(report.device);
      break;
    case 'state':
      hasRun = report.totalSteps > 0;
      settings.isLocked = hasRun;
      controls.show(report);
      break;
    case 'begin':
      curves.begin(report.run);
      break;
    case 'lines':
      for (const line of report.lines) curves.seriesOf(report.run)?.add(line);
      curves.show();
      break;
    case 'notice':
      notices.show(report.level, report.text);
      break;
  }
}

worker.addEventListener('message', ({ data }: MessageEvent<Report>) => receive(data));
worker.addEventListener('error', ({ message }) =>
  notices.show('error', `The worker failed: ${message || 'no reason given'}`),
);
installTheme(element('theme', HTMLButtonElement), () => curves.rebuild());
ask({ type: 'open', base: document.baseURI });
