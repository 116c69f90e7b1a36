// Uses the page for a long time, as a visitor would: switches models and methods, starts, pauses, steps, draws, compares with a dense twin.
// After each switch it measures memory, once garbage is collected, and ends with 1 if any of it grew.
//   npm run web:soak -- [--minutes 3] [--switches 12]
// goes on until both are reached.

import { parseArgs } from 'node:util';
import { drawSeven, openPage, trainTo } from './page_browser.mjs';
import { MOST_GROWTH, memoryMeter, noteGpuMemory } from './page_memory.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '3' }, switches: { type: 'string', default: '12' } },
});
const [minutes, switches] = ['minutes', 'switches'].map((name) => positive(name, values[name]));

/** One after the other, round and round: every model in every form of its weights, and what a visitor tries beside it. */
const ROUND = [
  { model: 'lenet5', method: 'dsb', steps: 6, compares: true },
  { model: 'lenet300-100', method: 'dsb', steps: 12, draws: true },
  { model: 'lenet5', method: 'rigl', steps: 4 },
  { model: 'lenet300-100', method: 'dense', steps: 12 },
];
const SETTINGS = { batchSize: '16', updateInterval: '3', epochs: '1' };

const { browser, page, close } = await openPage({ before: noteGpuMemory });
const measure = await memoryMeter(browser, page);
const rows = [];
try {
  await page.locator('#settings-more').evaluate((more) => more.setAttribute('open', ''));
  const end = Date.now() + 60_000 * minutes;
  while (Date.now() < end || rows.length < switches) {
    const turn = ROUND[rows.length % ROUND.length];
    await use(turn);
    rows.push({ switch: rows.length + 1, run: `${turn.model} ${turn.method}`, ...(await measure()) });
    console.log(Object.values(rows.at(-1)).join('\t'));
  }
} finally {
  await close();
}
report();

async function use({ model, method, steps, compares, draws }) {
  if (await page.locator('#reset').isEnabled()) {
    await page.click('#reset');
    await page.click('#confirm-yes');
    await page.locator('#start', { hasText: 'Start training' }).waitFor();
  }
  for (const [name, value] of Object.entries({ ...SETTINGS, model, method })) {
    const field = page.locator(`#${name}`);
    if (await field.isDisabled()) continue;
    const isSelect = (await field.evaluate((node) => node.tagName)) === 'SELECT';
    await (isSelect ? field.selectOption(value) : field.fill(value));
  }
  await trainTo(page, steps / 2);
  if (compares) await page.check('#compare');
  if (draws) await drawSeven(page);
  await trainTo(page, steps);
  const position = await page.textContent('#position');
  await page.click('#step');
  await page.waitForFunction((last) => document.getElementById('position').textContent !== last, position);
  if (compares) await page.uncheck('#compare');
}

/** Early and late are the second and the last quarter: in the first, shaders are compiled and caches filled. */
function report() {
  const quarter = Math.floor(rows.length / 4 / ROUND.length) * ROUND.length || ROUND.length;
  const [early, late] = [rows.slice(quarter, 2 * quarter), rows.slice(-quarter)];
  const grown = [];
  const table = {};
  for (const [name, most] of Object.entries(MOST_GROWTH)) {
    const [before, after] = [mean(early, name), mean(late, name)];
    const growth = before > 0 ? after / before - 1 : 0;
    table[name] = {
      early: before.toFixed(1),
      late: after.toFixed(1),
      growth: `${(100 * growth).toFixed(1)}%`,
      allowed: `${100 * most}%`,
    };
    if (growth > most + 1e-9) grown.push(name);
  }
  console.log(
    `${rows.length} switches; means over switches ${early[0].switch} to ${early.at(-1).switch} and ${late[0].switch} to ${late.at(-1).switch}`,
  );
  console.table(table);
  if (grown.length > 0) console.error(`grew: ${grown.join(', ')}`);
  process.exitCode = grown.length > 0 ? 1 : 0;
}

function mean(some, name) {
  return some.reduce((sum, row) => sum + row[name], 0) / some.length;
}

function positive(name, text) {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  console.error(`--${name}: expected a positive number, got ${text}`);
  process.exit(2);
}
