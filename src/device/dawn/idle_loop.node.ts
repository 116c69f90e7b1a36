// Waiting for a software adapter without taking its processor time.
//
// Workaround. Symptom: while a map or `onSubmittedWorkDone` is pending, Dawn's Node binding (webgpu 0.6.2) polls on every turn of the event
// loop and burns a core, which is the very core that a software adapter computes on. So the thread sleeps a little in every turn
// while anything is waited for. To delete when the binding waits without polling.

/** Sleeps last this share of the wait so far: an answer is late by no more than that. */
const SHARE = 0.02;
const LONGEST_MS = 4;

const cell = new Int32Array(new SharedArrayBuffer(4));
let waits = 0;
let since = 0;
/** One loop for all waits: it also goes on where a wait begins just after the last one has ended. */
let isIdling = false;

/** The result of `ask`; other callbacks of the event loop go on meanwhile, each up to 4 ms later. */
export async function waitIdly<T>(ask: () => Promise<T>): Promise<T> {
  if (waits++ === 0) since = performance.now();
  if (!isIdling) setImmediate(idle);
  isIdling = true;
  try {
    return await ask();
  } finally {
    waits--;
  }
}

function idle(): void {
  isIdling = waits > 0;
  if (!isIdling) return;
  Atomics.wait(cell, 0, 0, Math.min(LONGEST_MS, SHARE * (performance.now() - since)));
  setImmediate(idle);
}
