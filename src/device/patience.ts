// Waiting for a software adapter without taking its processor time.
//
// Workaround. Symptom: while a map or `onSubmittedWorkDone` is pending, Dawn's Node binding polls on every turn of the event loop and
// burns a core, which is the very core that a software adapter computes on. So the host sleeps for most of the time that the
// work should take, judged by what dispatches took so far, and asks only then. To delete when the binding waits without polling.

/** Shorter sleeps are not worth a timer. */
const SHORTEST_MS = 4;
/** Asking early costs a little polling, asking late idles the adapter. */
const CAUTION = 0.8;
/** An answer within this time was there before the question: the sleep was too long. */
const PROMPT_MS = 1;

export class Patience {
  /** Milliseconds from the beginning of a wait to its end, for each dispatch that was not known to be done: what to expect of the next. */
  private dispatchMs = 0;
  private done = 0;

  /** @param dispatches submitted so far; the promise of `ask` fulfils when all of them are done. */
  async wait<T>(dispatches: number, ask: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const sleepMs = CAUTION * this.dispatchMs * (dispatches - this.done);
    const sleeps = sleepMs > SHORTEST_MS;
    if (sleeps) await new Promise((resolve) => setTimeout(resolve, sleepMs));
    const asked = performance.now();
    const result = await ask();
    const end = performance.now();
    this.learn(dispatches, end - start, sleeps && end - asked < PROMPT_MS);
    return result;
  }

  /** @param overslept the work was done at an unknown time before `durationMs` were over. */
  private learn(dispatches: number, durationMs: number, overslept: boolean): void {
    if (dispatches <= this.done) return;
    const latest = durationMs / (dispatches - this.done);
    // Falls at once and rises slowly: dispatches differ, and sleeping too long costs more than asking too early. The first of all holds
    // what drivers compile on first use, and so does not count.
    if (overslept) this.dispatchMs /= 4;
    else if (this.done > 0) this.dispatchMs = Math.min(latest, this.dispatchMs === 0 ? latest : this.dispatchMs * 1.25);
    this.done = dispatches;
  }
}
