// A curve of any length in a bounded number of points. Lines come one by one; when there are as many points as there may be, neighbours are
// merged two by two, and each point stands for twice as many lines from then on.

/** What a column of a merged point says of its two halves. */
export type Merge = 'first' | 'last' | 'mean' | 'least' | 'most';

/** Even, and about as many as a plot has pixels. */
export const MOST_POINTS = 2000;

export class Points<Column extends string> {
  /** [lines of each point]. */
  private readonly lines: Float64Array;
  private readonly columns: ReadonlyMap<Column, Float64Array>;
  private used = 0;
  private linesPerPoint = 1;

  /** @param rules of the columns; `step`, which grows from point to point, is the last of its point's lines. */
  constructor(
    private readonly rules: Readonly<Record<Column | 'step', Merge>>,
    private readonly most = MOST_POINTS,
  ) {
    this.lines = new Float64Array(most);
    const names = Object.keys(rules) as Column[];
    this.columns = new Map(names.map((name) => [name, new Float64Array(most)]));
  }

  get length(): number {
    return this.used;
  }

  /**
   * @param row a number for each column, NaN where a line says nothing.
   * @returns whether points other than the last have changed.
   */
  add(row: Readonly<Record<Column | 'step', number>>): boolean {
    const isWhole = this.used === 0 || this.lines[this.used - 1] >= this.linesPerPoint;
    const mustHalve = isWhole && this.used === this.most;
    if (mustHalve) this.halve();
    // After halving all points are whole.
    if (isWhole) this.begin(row);
    else this.widen(row);
    return mustHalve;
  }

  /** Forgets points that reach to this step or beyond it. @returns whether there were any. */
  cutFrom(step: number): boolean {
    const before = this.used;
    while (this.used > 0 && this.columns.get('step' as Column)![this.used - 1] >= step) this.used--;
    return this.used < before;
  }

  /** The columns from a point on. */
  since(point: number): Record<Column | 'step', number[]> {
    const entries = [...this.columns].map(([name, values]) => [name, Array.from(values.subarray(point, this.used))]);
    return Object.fromEntries(entries);
  }

  private begin(row: Readonly<Record<Column | 'step', number>>): void {
    for (const [name, values] of this.columns) values[this.used] = row[name];
    this.lines[this.used++] = 1;
  }

  private widen(row: Readonly<Record<Column | 'step', number>>): void {
    const last = this.used - 1;
    for (const [name, values] of this.columns) {
      values[last] = merged(this.rules[name], values[last], this.lines[last], row[name], 1);
    }
    this.lines[last]++;
  }

  private halve(): void {
    const { lines } = this;
    this.used /= 2;
    this.linesPerPoint *= 2;
    for (const [name, values] of this.columns) {
      for (let i = 0; i < this.used; i++) {
        const [a, b] = [2 * i, 2 * i + 1];
        values[i] = merged(this.rules[name], values[a], lines[a], values[b], lines[b]);
      }
    }
    for (let i = 0; i < this.used; i++) lines[i] = lines[2 * i] + lines[2 * i + 1];
  }
}

function merged(rule: Merge, a: number, linesOfA: number, b: number, linesOfB: number): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  switch (rule) {
    case 'first':
      return a;
    case 'last':
      return b;
    case 'least':
      return Math.min(a, b);
    case 'most':
      return Math.max(a, b);
    case 'mean':
      return (a * linesOfA + b * linesOfB) / (linesOfA + linesOfB);
  }
}
