// The page: connects its parts with the worker that trains.

import { evaluatedOn } from '../src/train/config/evaluated_on.js';
import type { Report, Request, RunName } from './messages.js';
import { Absence } from './page/absence.js';
import { Announcer } from './page/announcer.js';
import { AskView } from './page/ask_view.js';
import { confirmLoss } from './page/confirm.js';
import { ConfusionView } from './page/confusion_view.js';
import { Curves } from './page/curves.js';
import { DeviceView } from './page/device_view.js';
import { element, onFrame } from './page/dom.js';
import { download, installFiles } from './page/files.js';
import { METHOD_LABELS } from './page/format.js';
import { Notices } from './page/notices.js';
import { Plan } from './page/plan.js';
import { RunControls } from './page/run_controls.js';
import { RunRecord } from './page/run_record.js';
import { Settings } from './page/settings.js';
import { showComparison, showEpochs, showTiles } from './page/tables.js';
import { installTheme } from './page/theme.js';
import { WeightsView } from './page/weights_view.js';
import { startWorker } from './page/worker_link.js';

const ask = startWorker((report) => {
  (receivers[report.type] as (report: Report) => void)(report);
});
const runs = new Map<RunName, RunRecord>();
const notices = new Notices(element('notices', HTMLElement));
const announcer = new Announcer(element('status', HTMLElement));
const device = new DeviceView(notices);
const settings = new Settings(() => plan.change());
const curves = new Curves(element('plots', HTMLElement));
const weights = new WeightsView((layer) => ask({ type: 'watch', layer }));
const asking = new AskView(ask);
const confusion = new ConfusionView();
const absence = new Absence(
  () => ask({ type: 'hidden' }),
  (text) => notices.show('note', text),
);
const compare = element('compare', HTMLInputElement);
const save = element('save', HTMLButtonElement);

const controls = new RunControls({
  start: () => go({ type: 'run' }),
  pause: () => ask({ type: 'pause' }),
  step: () => go({ type: 'step' }),
  reset: async (step) => {
    const isSure = step === 0 || (await confirmLoss(`The run stands at step ${step}. Start over, and forget it?`));
    if (isSure) ask({ type: 'discard' });
  },
});

const plan = new Plan(settings, (choice) => ask({ type: 'prepare', ...choice }));

function go(request: Request): void {
  if (plan.settle()) ask(request);
}

const showNumbers = onFrame(() => {
  const main = runs.get('main');
  element('curves', HTMLElement).dataset.state = main?.series.steps.step.length ? 'shown' : 'empty';
  showTiles(element('tiles', HTMLElement), main);
  showEpochs(element('epoch-table', HTMLTableElement), main?.epochs ?? [], evaluatedOn(main?.facts.config));
  showComparison(element('comparison', HTMLTableElement), runs);
  curves.show(runs);
});

function begin(name: RunName, run: RunRecord): void {
  runs.set(name, run);
  if (name === 'main') {
    notices.clear('settings');
    const { config, layers, images } = run.facts;
    plan.begin(config);
    weights.begin(layers);
    asking.begin(images);
  }
  followRuns();
}

function end(name: RunName): void {
  runs.delete(name);
  if (name === 'main') {
    weights.clear();
    asking.end();
    confusion.clear();
  }
  followRuns();
}

/** What depends on which runs there are. */
function followRuns(): void {
  const main = runs.get('main');
  save.disabled = main === undefined;
  compare.disabled = main === undefined || main.facts.config.method === 'dense';
  compare.checked = runs.has('twin');
  element('curves-legend', HTMLElement).hidden = !runs.has('twin');
  element('curves-main', HTMLElement).textContent = main ? METHOD_LABELS[main.facts.config.method] : '';
  showNumbers();
}

const receivers: { readonly [Type in Report['type']]: (report: Report & { type: Type }) => void } = {
  device: (report) => device.show(report.device),
  'no device': ({ reason }) => device.showMissing(reason),
  state: (state) => {
    plan.follow(state);
    absence.follow(state);
    controls.show(state);
    announcer.state(state);
  },
  begin: ({ run, facts }) => begin(run, new RunRecord(facts)),
  end: ({ run }) => end(run),
  flops: ({ run, flops }) => {
    runs.get(run)!.flops = flops;
  },
  lines: ({ run, lines }) => {
    runs.get(run)?.add(lines);
    if (run === 'main') {
      announcer.lines(lines, evaluatedOn(runs.get(run)?.facts.config));
      asking.refresh();
    }
    showNumbers();
  },
  picture: ({ picture }) => weights.show(picture),
  prediction: ({ logits }) => asking.showPrediction(logits),
  'test image': (image) => asking.showTestImage(image),
  confusion: ({ step, counts }) => {
    const { config, images } = runs.get('main')?.facts ?? {};
    confusion.show(step, counts, images?.classNames ?? [], evaluatedOn(config));
  },
  exported: ({ name, bytes }) => download(name, bytes),
  'files wanted': ({ dataSet }) => settings.askForFiles(dataSet),
  notice: ({ level, text, topic }) => notices.show(level, text, topic),
};

compare.addEventListener('change', () => ask({ type: 'compare', isOn: compare.checked }));
installFiles(ask, (text) => notices.show('error', text));
installTheme(element('theme', HTMLButtonElement), () => {
  curves.rebuild();
  weights.redraw();
  asking.redraw();
});
// On a phone, what is rarely needed is closed.
for (const panel of document.querySelectorAll<HTMLDetailsElement>('details[data-open-where="wide"]')) {
  panel.open = matchMedia('(min-width: 64rem)').matches;
}
ask({ type: 'open', base: document.baseURI });
showNumbers();
