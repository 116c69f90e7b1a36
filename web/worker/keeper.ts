// Keeps the run: the last copy in memory, for a lost GPU, and in the browser's storage, for a reload. That storage may be full or
// refused; training goes on then, and the visitor is told once.

import type { Tell } from '../messages.js';
import { deleteKept, type Kept, loadKept, storeKept } from './store.js';

/** Milliseconds between copies while a run goes on. */
const INTERVAL_MS = 10_000;
/** A page that was reloaded lets go of its claim within that time. */
const CLAIM_MS = 1500;
const CLAIM = 'shuffleblock.run';

export class Keeper {
  private copy: Kept | undefined;
  private time = 0;
  private isOwner = false;
  private hasComplained = false;

  constructor(private readonly tell: Tell) {}

  /** The last copy. */
  get last(): Kept | undefined {
    return this.copy;
  }

  get isDue(): boolean {
    return performance.now() - this.time > INTERVAL_MS;
  }

  /** What an earlier visit left. Only one tab at a time has the storage. */
  async open(): Promise<Kept | undefined> {
    this.isOwner = await claim();
    if (!this.isOwner) {
      this.complain('Another tab with this page keeps its run. The run of this tab is lost when it is closed.');
      return undefined;
    }
    return loadKept().catch((error) => {
      this.complain(
        `The browser refuses storage to this page (${reason(error)}): a run is lost when the tab is closed.`,
      );
      return undefined;
    });
  }

  async keep(kept: Kept): Promise<void> {
    this.copy = kept;
    if (this.isOwner) await storeKept(kept).catch((error) => this.complain(complaint(error)));
    this.time = performance.now();
  }

  async forget(): Promise<void> {
    this.copy = undefined;
    if (this.isOwner) await deleteKept().catch(() => {});
  }

  private complain(text: string): void {
    if (this.hasComplained) return;
    this.hasComplained = true;
    this.tell({ type: 'notice', level: 'warning', text });
  }
}

/** Holds the claim for the life of this worker. */
function claim(): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(CLAIM_MS);
    const hold = () => {
      resolve(true);
      return new Promise<never>(() => {});
    };
    navigator.locks.request(CLAIM, { signal }, hold).catch(() => resolve(false));
  });
}

function complaint(error: unknown): string {
  const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
  const what = isFull ? "The browser's storage is full" : `The run cannot be stored (${reason(error)})`;
  return `${what}: training goes on, but would be lost on a reload. "Save checkpoint" keeps it as a file.`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
