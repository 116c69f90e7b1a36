// Lifetime of tensors. Those made while a scope runs belong to it and return to the pool at its end, unless they are part of
// its result or kept. What is made outside of any scope lives until it is disposed.

import type { Tensor } from './tensor.js';

const stack: Set<Tensor>[] = [];
const live = new Set<Tensor>();
let tracing = false;

/**
 * Runs `body` and disposes every tensor that it made, except those in its result (a tensor, or an array or plain object of
 * such), which pass to the enclosing scope. Synchronous: start readbacks inside, await them outside.
 */
export function scope<T>(body: () => T): T {
  if (body.constructor.name === 'AsyncFunction') {
    throw new Error('scope: expected a synchronous function; start readbacks inside and await them after the scope');
  }
  const own = new Set<Tensor>();
  stack.push(own);
  let result: T;
  try {
    result = body();
    stack.pop();
  } catch (error) {
    stack.pop();
    for (const tensor of own) tensor.dispose();
    throw error;
  }
  const kept = new Set<unknown>();
  collect(result, kept);
  const parent = stack.at(-1);
  for (const tensor of own) {
    if (kept.has(tensor)) parent?.add(tensor);
    else tensor.dispose();
  }
  return result;
}

/** Takes a tensor out of the running scopes: it lives until it is disposed. */
export function keep<T extends Tensor>(tensor: T): T {
  for (const own of stack) own.delete(tensor);
  return tensor;
}

/** Runs `body`; if it throws, what it had made by then is disposed, kept or not. Synchronous, as `scope`. */
export function allOrNothing<T>(body: () => T): T {
  const before = new Set(live);
  try {
    return body();
  } catch (error) {
    for (const tensor of [...live]) if (!before.has(tensor)) tensor.dispose();
    throw error;
  }
}

function collect(value: unknown, into: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || into.has(value)) return;
  into.add(value);
  if (Array.isArray(value)) for (const entry of value) collect(entry, into);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const entry of Object.values(value)) collect(entry, into);
}

/** Called by every new tensor. */
export function enter(tensor: Tensor): void {
  stack.at(-1)?.add(tensor);
  live.add(tensor);
}

/** Called by every disposed tensor. */
export function leave(tensor: Tensor): void {
  for (const own of stack) own.delete(tensor);
  live.delete(tensor);
}

/** From now on (or no longer) tensors remember the line that made them. Costs a stack trace a tensor. */
export function traceTensors(on: boolean): void {
  tracing = on;
}

/** The first line of the caller's stack outside this folder, if tracing is on. */
export function creationSite(): string | undefined {
  if (!tracing) return undefined;
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  return lines.find((line) => !/\/(tensor|scope)\.[jt]s/.test(line))?.trim();
}

/** Number of tensors alive, in scopes or kept. */
export function liveTensors(): number {
  return live.size;
}

/** A line for each live tensor, or for each line that made several: `12 x f32 [16,3,3] at ...`. Needs `traceTensors(true)`. */
export function leakReport(): string {
  const counts = new Map<string, number>();
  for (const tensor of live) {
    const line = `${tensor.dtype} [${tensor.shape.join(',')}] ${tensor.createdAt ?? '(call traceTensors(true) first to see where)'}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => `${count} x ${line}`).join('\n');
}
