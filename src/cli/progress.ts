// Progress on stderr: a bar on a terminal, a plain line now and then elsewhere. stdout stays for results.

import { SingleBar } from 'cli-progress';

const LINE_INTERVAL_MS = 10_000;

export interface Progress {
  update(done: number, note: string): void;
  /** A line of its own, above the bar. */
  log(line: string): void;
  stop(): void;
}

/** @param note shown until the first update. */
export function startProgress(total: number, unit: string, note = 'starting'): Progress {
  return process.stderr.isTTY ? bar(total, unit, note) : lines(total, unit);
}

function bar(total: number, unit: string, firstNote: string): Progress {
  const single = new SingleBar({
    format: `{bar} {value}/{total} ${unit} | {note} | {left} left`,
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    fps: 5,
  });
  const left = remaining(total);
  single.start(total, 0, { note: firstNote, left: '?' });
  return {
    update: (done, note) => single.update(done, { note, left: left(done) }),
    log(line) {
      // The bar is drawn again at its next tick.
      process.stderr.write('\r\x1b[K');
      console.log(line);
    },
    stop: () => single.stop(),
  };
}

function lines(total: number, unit: string): Progress {
  let last = performance.now();
  const left = remaining(total);
  return {
    update(done, note) {
      const text = left(done);
      if (performance.now() - last < LINE_INTERVAL_MS) return;
      last = performance.now();
      console.error(`${done}/${total} ${unit}, ${note}, ${text} left`);
    },
    log: (line) => console.log(line),
    stop: () => {},
  };
}

/** Time left from the rate since the first report, which includes compiling. */
function remaining(total: number): (done: number) => string {
  let first: { done: number; time: number } | undefined;
  return (done) => {
    first ??= { done, time: performance.now() };
    if (done <= first.done) return '?';
    const seconds = ((performance.now() - first.time) / 1000 / (done - first.done)) * (total - done);
    return formatDuration(seconds);
  };
}

export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
