// What is typical of values among which a few are far off, such as times of steps that waited for a compiler.

/** The middle one, NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Median of the last few values so far. */
export class RunningMedian {
  private recent: readonly number[] = [];

  constructor(private readonly most: number) {}

  next(value: number): number {
    this.recent = [...this.recent, value].slice(-this.most);
    return median(this.recent);
  }
}
