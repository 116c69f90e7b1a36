// Waiting for a software adapter without taking its processor time.
//
// Workaround. Symptom: while a map or `onSubmittedWorkDone` is pending, Dawn's Node binding polls on every turn of the event loop and
// burns a core, which is the very core that a software adapter computes on. So the host sleeps for most of the time that the
// work should take, judged by what dispatches took so far, and asks only then. To delete when the binding waits without polling.

/** Shorter sleeps are not worth a timer. */
const SHORTEST_MS = 4;
/** Asking early costs a little polling, asking late idles the adapter. */
const CAUTION = 0.8;

export class Patience {
  /** Milliseconds a dispatch, a running mean over waits. */
  private dispatchMs = 0;
  private done = 0;
  private lastDone = performance.now();

  /** @param dispatches submitted so far; the promise of `ask` fulfils when all of them are done. */
  async wait<T>(dispatches: number, ask: () => Promise<T>): Promise<T> {
    const expected = this.lastDone + CAUTION * this.dispatchMs * (dispatches - this.done) - performance.now();
    if (expected > SHORTEST_MS) await new Promise((resolve) => setTimeout(resolve, expected));
    const result = await ask();
    this.learn(dispatches);
    return result;
  }

  private learn(dispatches: number): void {
    const now = performance.now();
    if (dispatches > this.done) {
      const latest = (now - this.lastDone) / (dispatches - this.done);
      // Falls at once and rises slowly: an interval may hold pauses of the host.
      this.dispatchMs = Math.min(latest, this.dispatchMs === 0 ? latest : this.dispatchMs * 1.25);
      this.done = dispatches;
    }
    this.lastDone = now;
  }
}
