// Where the time of a training step goes: GPU time by part of the network and pass, and by kernel.

import type { TimedDispatch } from '../device/index.js';

/** Milliseconds of GPU time a step. */
export interface PartProfile {
  /** Of the network by its name, or `(images)`, `(loss)`, `(optimizer)`. */
  readonly part: string;
  readonly forward: number;
  readonly backward: number;
}

export interface StepProfile {
  /** In the order in which the step first comes to them. */
  readonly parts: readonly PartProfile[];
  /** Kernels by their file, the dearest first. */
  readonly kernels: readonly { readonly kernel: string; readonly count: number; readonly ms: number }[];
  /** Sum over all dispatches. */
  readonly gpuMs: number;
  /** The host's time to encode a step, and to wait for its images. */
  readonly hostMs: number;
  readonly dataMs: number;
  /** Of the last step: for a trace. */
  readonly dispatches: readonly TimedDispatch[];
}

/** What is measured of one step. */
export interface MeasuredStep {
  readonly dispatches: readonly TimedDispatch[];
  readonly hostMs: number;
  readonly dataMs: number;
}

/** Medians over steps of the same dispatches. */
export function profileOf(steps: readonly MeasuredStep[]): StepProfile {
  const dispatches = steps[0].dispatches.map((dispatch, i) => ({
    ...dispatch,
    ms: median(steps.map((step) => step.dispatches[i].ms)),
  }));
  const parts = new Map<string, { forward: number; backward: number }>();
  const kernels = new Map<string, { count: number; ms: number }>();
  for (const { label, kernel, ms } of dispatches) {
    const part = parts.get(label.part) ?? { forward: 0, backward: 0 };
    part[label.pass] += ms;
    parts.set(label.part, part);
    const { count, ms: sum } = kernels.get(kernel) ?? { count: 0, ms: 0 };
    kernels.set(kernel, { count: count + 1, ms: sum + ms });
  }
  return {
    parts: [...parts].map(([part, passes]) => ({ part, ...passes })),
    kernels: [...kernels].map(([kernel, sums]) => ({ kernel, ...sums })).sort((a, b) => b.ms - a.ms),
    gpuMs: dispatches.reduce((sum, { ms }) => sum + ms, 0),
    hostMs: median(steps.map(({ hostMs }) => hostMs)),
    dataMs: median(steps.map(({ dataMs }) => dataMs)),
    dispatches: steps.at(-1)!.dispatches,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** In Chrome's trace format, for chrome://tracing or https://ui.perfetto.dev: one row of the step's parts, one of its kernels. */
export function chromeTrace({ dispatches }: StepProfile): object {
  const microseconds = ({ startMs, ms }: TimedDispatch) => ({ ts: 1000 * startMs, dur: 1000 * ms });
  const kernels = dispatches.map((dispatch) => ({
    name: dispatch.kernel.split('/').at(-1),
    cat: dispatch.label.pass,
    ...{ ph: 'X', pid: 1, tid: 2 },
    ...microseconds(dispatch),
    args: { part: dispatch.label.part, pass: dispatch.label.pass },
  }));
  const names = { 1: 'parts', 2: 'kernels' };
  const threads = Object.entries(names).map(([tid, name]) => ({
    ...{ name: 'thread_name', ph: 'M', pid: 1, tid: Number(tid) },
    args: { name },
  }));
  return { traceEvents: [...threads, ...partSpans(dispatches), ...kernels], displayTimeUnit: 'ms' };
}

/** Dispatches of one part and pass that follow each other, as one. */
function partSpans(dispatches: readonly TimedDispatch[]): object[] {
  const spans: { key: string; pass: string; start: number; end: number }[] = [];
  for (const { label, startMs, ms } of dispatches) {
    const key = `${label.part} ${label.pass}`;
    const last = spans.at(-1);
    if (last?.key === key) last.end = startMs + ms;
    else spans.push({ key, pass: label.pass, start: startMs, end: startMs + ms });
  }
  return spans.map(({ key, pass, start, end }) => ({
    ...{ name: key, cat: pass, ph: 'X', pid: 1, tid: 1 },
    ts: 1000 * start,
    dur: 1000 * (end - start),
  }));
}
