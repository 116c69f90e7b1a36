// The dashboard's page: asks the server for what is new, and shows it.

import type { RunsReply } from '../../src/dashboard/messages.js';
import { evaluatedOn } from '../../src/train/config/evaluated_on.js';
import { element, make, onFrame } from '../page/dom.js';
import { Notices } from '../page/notices.js';
import { showEpochs } from '../page/tables.js';
import { installTheme } from '../page/theme.js';
import { fetchHistory, fetchRuns, Refused } from './api.js';
import { Pictures } from './pictures.js';
import { RunCurves } from './run_curves.js';
import { RunData } from './run_data.js';
import { MOST_SHOWN, RunList } from './run_list.js';
import { showComparison, showTiles } from './run_tables.js';

/** Between two questions; while nobody answers; and so many times what the answers took, for a folder of thousands or a busy machine. */
const PAUSE_MS = 1000;
const SILENCE_MS = 5000;
const PATIENCE = 10;

/** By name, in the order of the list. */
const runs = new Map<string, RunData>();
/** Tokens of the colours of the runs that are shown, in the order in which they were chosen. */
const colours = new Map<string, string>();
const notices = new Notices(element('notices', HTMLElement));
const list = new RunList(element('runs', HTMLElement), choose);
const curves = new RunCurves(element('plots', HTMLElement));
const pictures = new Pictures();
const focus = element('focus', HTMLSelectElement);
const folder = element('folder', HTMLElement);
folder.textContent = 'Reading the folder …';
let timer: ReturnType<typeof setTimeout> | undefined;
let isAsking = false;

function choose(name: string, isShown: boolean): void {
  if (!isShown) colours.delete(name);
  else if (colours.size < MOST_SHOWN) colours.set(name, freeColour());
  const query = new URLSearchParams([...colours.keys()].map((run) => ['run', run]));
  history.replaceState(null, '', `?${query}`);
  void ask();
}

function freeColour(): string {
  const used = [...colours.values()];
  const all = Array.from({ length: MOST_SHOWN }, (_, i) => `--run-${i + 1}`);
  return all.find((colour) => !used.includes(colour))!;
}

/** The runs of the address; without any, the one that changed last. */
function chooseFirst(reply: RunsReply): void {
  const asked = new URLSearchParams(location.search).getAll('run').filter((name) => runs.has(name));
  const first = reply.runs.find(({ isLive }) => isLive) ?? reply.runs[0];
  for (const name of asked.length > 0 ? asked.slice(0, MOST_SHOWN) : first ? [first.name] : []) {
    colours.set(name, freeColour());
  }
}

function takeList(reply: RunsReply): void {
  const isFirst = runs.size === 0;
  const left = reply.left > 0 ? `, and ${reply.left} older ones that are not listed` : '';
  const { length } = reply.runs;
  const path = reply.folder.replace(/\/?$/, '/');
  folder.textContent = `${length === 0 ? 'No' : length} ${length === 1 ? 'run' : 'runs'} in ${path}${left}`;
  element('example', HTMLElement).textContent = `npx shuffleblock train --out ${path}first`;
  const known = new Map(runs);
  runs.clear();
  for (const entry of reply.runs) {
    const run = known.get(entry.name) ?? new RunData(entry);
    run.entry = entry;
    runs.set(entry.name, run);
  }
  for (const name of colours.keys()) {
    if (runs.has(name)) continue;
    colours.delete(name);
    notices.show('note', `The run ${name} is no longer there.`);
  }
  if (isFirst) chooseFirst(reply);
}

/** The run that is looked at comes first. */
function shown(): RunData[] {
  const names = [...colours.keys()];
  const first = names.find((name) => name === focus.value) ?? names[0];
  return names.sort((a, b) => Number(b === first) - Number(a === first)).map((name) => runs.get(name)!);
}

const draw = onFrame(() => {
  const main = element('main', HTMLElement);
  main.hidden = false;
  main.dataset.state = runs.size > 0 ? 'shown' : 'empty';
  list.show([...runs.values()], colours);
  const drawn = shown();
  showFocus(drawn[0]?.entry.name ?? '');
  const isTold = drawn.some(({ size }) => size.steps + size.epochs > 0);
  element('curves', HTMLElement).dataset.state = isTold ? 'shown' : 'empty';
  element('compared', HTMLElement).dataset.state = drawn.length > 0 ? 'shown' : 'empty';
  showTiles(element('tiles', HTMLElement), drawn[0]);
  const [first] = drawn;
  showEpochs(element('epoch-table', HTMLTableElement), first?.epochRows ?? [], evaluatedOn(first?.entry.config));
  showComparison(
    element('side-by-side', HTMLTableElement),
    [...colours.keys()].map((name) => runs.get(name)!),
  );
  curves.show(drawn.toReversed().map((run) => [run, colours.get(run.entry.name)!]));
  const damaged = drawn.filter(({ damagedLines }) => damagedLines > 0);
  element('damaged', HTMLElement).textContent = damaged
    .map(({ entry, damagedLines }) => `${entry.name}: ${damagedLines} damaged lines left out.`)
    .join(' ');
});

function showFocus(name: string): void {
  const names = [...colours.keys()];
  if (names.join('\n') !== [...focus.options].map(({ value }) => value).join('\n')) {
    focus.replaceChildren(...names.map((run) => make('option', { value: run }, run)));
  }
  focus.value = name;
  element('focus-field', HTMLElement).hidden = names.length < 2;
}

async function ask(): Promise<void> {
  clearTimeout(timer);
  if (isAsking || document.hidden) return;
  isAsking = true;
  let pause = PAUSE_MS;
  const start = performance.now();
  try {
    takeList(await fetchRuns());
    for (const run of shown().filter(({ isBehind }) => isBehind)) await askHistory(run);
    draw();
    await pictures.follow(shown()[0]);
    notices.clear('server');
    const isBehind = shown().some(({ bytesLeft }) => bytesLeft > 0);
    pause = isBehind ? 0 : Math.max(PAUSE_MS, PATIENCE * (performance.now() - start));
  } catch (error) {
    const isSilent = !(error instanceof Refused);
    notices.show('warning', isSilent ? 'The dashboard’s server does not answer.' : (error as Error).message, 'server');
    pause = SILENCE_MS;
  } finally {
    isAsking = false;
    timer = setTimeout(() => void ask(), pause);
  }
}

async function askHistory(run: RunData): Promise<void> {
  const { entry, edition, size } = run;
  try {
    run.take(await fetchHistory(entry.name, edition, size), entry);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // Removed since the list was made: the next list says so.
    if (error.status !== 404) notices.show('warning', `${entry.name}: ${error.message}`, 'server');
  }
}

focus.addEventListener('change', () => {
  draw();
  void pictures.follow(shown()[0]);
});
document.addEventListener('visibilitychange', () => void ask());
installTheme(element('theme', HTMLButtonElement), () => {
  curves.rebuild();
  pictures.redraw();
});
void ask();
