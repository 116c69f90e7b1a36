// What is typical of values among which a few are far off, such as times of steps that waited for a compiler.

/** The middle one, NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Lines whose median is the present speed, in plots, tiles and tables alike. */
export const RECENT = 50;

/** Median of the last values so far. Histories are long, so it keeps them sorted. */
export class RunningMedian {
  private readonly recent: number[] = [];
  private readonly sorted: number[] = [];

  /** @param value not NaN. */
  next(value: number): number {
    const { recent, sorted } = this;
    recent.push(value);
    const at = sorted.findIndex((other) => other > value);
    sorted.splice(at < 0 ? sorted.length : at, 0, value);
    if (recent.length > RECENT) sorted.splice(sorted.indexOf(recent.shift()!), 1);
    return sorted[Math.floor(sorted.length / 2)];
  }
}
