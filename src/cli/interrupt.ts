// Ending a training early without losing it: Ctrl-C, and SIGTERM, which is what schedulers of clusters send before they kill. SIGHUP is
// left alone, since who ignores it (nohup) means to.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT_CODES;

/** A training was asked to end; what was done is saved. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
  constructor(
    message: string,
    /** Of the process, as shells have it: 128 and the signal's number. */
    readonly exitCode: number,
  ) {
    super(message);
  }
}

export interface Interrupt {
  /** The exit code once an end has been asked for. */
  readonly requested: number | undefined;
  dispose(): void;
}

/** The first signal asks for an end between two steps, the second ends the process at once. */
export function onInterrupt(): Interrupt {
  const state = {
    requested: undefined as number | undefined,
    dispose: () => {
      for (const signal of Object.keys(EXIT_CODES)) process.off(signal, listener);
    },
  };
  const listener = (signal: Signal) => {
    if (state.requested !== undefined) process.exit(EXIT_CODES[signal]);
    state.requested = EXIT_CODES[signal];
    const again = signal === 'SIGINT' ? 'press Ctrl-C' : `send ${signal}`;
    console.error(`\nstopping at the next step line and saving; ${again} again to stop at once`);
  };
  for (const signal of Object.keys(EXIT_CODES)) process.on(signal, listener);
  return state;
}
