// A metrics file that grows, is cut, replaced, damaged, and very long.

import { once } from 'node:events';
import { appendFileSync, createWriteStream, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryReply } from '../../src/dashboard/messages.js';
import { MetricsFollower } from '../../src/dashboard/metrics_follower.node.js';
import { MOST_POINTS } from '../../src/dashboard/points.js';
import { epochLine, stepLine, temporaryFolder, text, topologyLine } from './support.js';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'metrics.jsonl');
const NOTHING = { steps: 0, epochs: 0, updates: 0 };
let follower: MetricsFollower;

beforeEach(() => {
  rmSync(path, { force: true });
  follower = new MetricsFollower();
});

/** All that is there, after reading to the end. */
async function read(): Promise<Omit<HistoryReply, 'bytesLeft'>> {
  while ((await follower.advance(() => open(path).catch(() => undefined), 1000)) > 0);
  return follower.history.since(0, NOTHING);
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a metrics file', () => {
  it('that is not there yet has no lines', async () => {
    expect(await read()).toMatchObject({ lines: 0, damagedLines: 0, steps: { step: [] }, position: {} });
    writeFileSync(path, text([stepLine(0)]));
    expect((await read()).steps.step).toEqual([1]);
  });

  it('becomes curves of steps, updates and epochs', async () => {
    const update = [topologyLine(24, 'fc1', 10), topologyLine(24, 'fc2', 30)];
    writeFileSync(path, text([stepLine(9), ...update, stepLine(24), epochLine(0, 25, 0.75)]));
    const { steps, updates, epochs, position, lines } = await read();
    expect(steps).toMatchObject({ step: [10, 25], loss: [0.1, 0.04], ms: [12.5, 12.5], memoryBytes: [1024, 1024] });
    expect(updates).toEqual({ step: [25], moved: [40 / 200], tried: [0.2], ms: [4] });
    expect(epochs).toMatchObject({ step: [25], epoch: [0], testAccuracy: [0.75], sparsity: [0.9] });
    expect(position).toEqual({ step: 25, epoch: 0 });
    expect(lines).toBe(5);
  });

  it('is followed as it grows: a client gets what it lacks', async () => {
    writeFileSync(path, text(range(5).map((step) => stepLine(step))));
    const { edition } = await read();
    appendFileSync(path, text([stepLine(5)]));
    await read();
    const reply = follower.history.since(edition, { ...NOTHING, steps: 5 });
    // The last point that it has may have grown, and comes again.
    expect(reply.begin.steps).toBe(4);
    expect(reply.steps.step).toEqual([5, 6]);
  });

  it('may end in half a line, which is read once it is whole', async () => {
    const half = stepLine(1).slice(0, 17);
    writeFileSync(path, text([stepLine(0)]) + half);
    expect(await read()).toMatchObject({ lines: 1, damagedLines: 0 });
    appendFileSync(path, `${stepLine(1).slice(17)}\n${stepLine(2)}\n`);
    expect(await read()).toMatchObject({ lines: 3, damagedLines: 0, steps: { step: [1, 2, 3] } });
  });

  it('begins again when a resumed run has replaced it by a shorter one', async () => {
    writeFileSync(path, text([...range(9).map((step) => stepLine(step)), epochLine(0, 9, 0.99)]));
    const before = await read();
    // As MetricsLog.cutAfter does, and then the run goes on, to a greater length than before.
    writeFileSync(`${path}.tmp`, text(range(4).map((step) => stepLine(step))));
    renameSync(`${path}.tmp`, path);
    appendFileSync(path, text(range(20).map((i) => stepLine(4 + i, 7))));
    const after = follower.history.since(before.edition, NOTHING);
    expect(after.edition).toBe(before.edition);
    const { edition, steps, epochs } = await read();
    expect(edition).not.toBe(before.edition);
    expect(steps.step).toEqual(range(24).map((i) => i + 1));
    expect(steps.loss.slice(4)).toEqual(Array(20).fill(7));
    expect(epochs.step).toEqual([]);
  });

  it('begins again when it was cut or rewritten in place, to whatever length', async () => {
    writeFileSync(path, text(range(9).map((step) => stepLine(step))));
    await read();
    truncateSync(path, text([stepLine(0)]).length);
    expect((await read()).steps.step).toEqual([1]);
    writeFileSync(path, text(range(50).map((step) => stepLine(step, 3))));
    expect((await read()).steps.loss).toEqual(Array(50).fill(3));
  });

  it('is forgotten when it is removed', async () => {
    writeFileSync(path, text([stepLine(0)]));
    await read();
    rmSync(path);
    expect(await read()).toMatchObject({ lines: 0, steps: { step: [] } });
  });

  it('that goes back without having been cut tells anew from there', async () => {
    const before = [...range(8).map((step) => stepLine(step)), epochLine(0, 8)];
    writeFileSync(path, text([...before, stepLine(5, 9), stepLine(6, 9)]));
    const { steps, epochs } = await read();
    expect(steps.step).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(steps.loss.slice(5)).toEqual([9, 9]);
    expect(epochs.step).toEqual([]);
  });

  it('has its damaged lines counted and left out', async () => {
    const damaged = [
      '',
      'no json',
      '{"type":"step","step":3,"loss":',
      'null',
      '7',
      '[]',
      '{}',
      '{"type":"note","step":3}',
      '{"type":"step","step":-1,"loss":1,"ms":1}',
      '{"type":"step","step":1.5,"loss":1,"ms":1}',
      '{"type":"step","step":3,"loss":null,"ms":1}',
      '{"type":"step","step":3,"loss":"1","ms":1}',
      '{"type":"step","step":3,"loss":1e999,"ms":1}',
      '{"type":"epoch","step":3,"epoch":0}',
      '{"type":"topology","step":3,"layer":"fc1"}',
      '['.repeat(100_000),
      '\u0000\uffff',
    ];
    writeFileSync(path, text([stepLine(0), ...damaged, stepLine(1)]));
    expect(await read()).toMatchObject({ lines: 2, damagedLines: damaged.length, steps: { step: [1, 2] } });
  });

  it('may hold a line longer than any of ours, once or without end', async () => {
    writeFileSync(path, `${stepLine(0)}\n${'x'.repeat(3_000_000)}`);
    expect(await read()).toMatchObject({ lines: 1, damagedLines: 1 });
    appendFileSync(path, `${'x'.repeat(1_000_000)}\n${stepLine(1)}\n`);
    expect(await read()).toMatchObject({ lines: 2, damagedLines: 1, steps: { step: [1, 2] } });
  });
});

it('reads a million lines into a bounded number of points, in bounded memory, and what is added at once', {
  timeout: 120_000,
}, async () => {
  const stream = createWriteStream(path);
  const COUNT = 1_000_000;
  for (let first = 0; first < COUNT; first += 10_000) {
    if (!stream.write(text(range(10_000).map((i) => stepLine(first + i, (first + i) % 7))))) {
      await once(stream, 'drain');
    }
  }
  await finished(stream.end());
  const { size } = statSync(path);
  let most = 0;
  const start = performance.now();
  const heap = process.memoryUsage().heapUsed;
  while ((await follower.advance(() => open(path), 100)) > 0)
    most = Math.max(most, process.memoryUsage().heapUsed - heap);
  const seconds = (performance.now() - start) / 1000;
  const { steps, lines, damagedLines } = follower.history.since(0, NOTHING);
  const answer = JSON.stringify(follower.history.since(0, NOTHING)).length;
  const addStart = performance.now();
  appendFileSync(path, text([stepLine(COUNT)]));
  await follower.advance(() => open(path), 1000);
  const addMs = performance.now() - addStart;
  console.log(
    `${COUNT} lines, ${(size / 1e6).toFixed(0)} MB: read in ${seconds.toFixed(1)} s, at most ${(most / 1e6).toFixed(0)} MB of heap more; ` +
      `${steps.step.length} points, ${(answer / 1000).toFixed(0)} KB; a line more in ${addMs.toFixed(1)} ms`,
  );
  expect({ lines, damagedLines }).toEqual({ lines: COUNT, damagedLines: 0 });
  expect(steps.step.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(steps.step.length).toBeGreaterThan(MOST_POINTS / 2 - 1);
  expect(steps.step.at(-1)).toBe(COUNT);
  expect(new Set(steps.leastLoss)).toEqual(new Set([0]));
  expect(new Set(steps.mostLoss)).toEqual(new Set([6]));
  expect(answer).toBeLessThan(500_000);
  // The file is more than 100 MB.
  expect(most).toBeLessThan(60e6);
});
