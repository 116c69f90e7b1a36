// The lines of a run, of bounded number: a long run keeps fewer of its steps, and all of its epochs.

import type { Line } from '../messages.js';

/** Of one type. */
const MOST_LINES = 4000;

/** Adds a line; where there are too many of its type, every other one of them goes, epochs excepted. */
export function addLine(history: Line[], line: Line): void {
  history.push(line);
  if (line.type === 'epoch' || history.length <= MOST_LINES) return;
  const { type } = line;
  if (history.filter((one) => one.type === type).length <= MOST_LINES) return;
  let position = 0;
  const thinned = history.filter((one) => one.type !== type || position++ % 2 === 1);
  history.splice(0, history.length, ...thinned);
}
