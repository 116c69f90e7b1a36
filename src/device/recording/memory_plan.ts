// Which buffers of a recorded sequence of commands may share memory, from when each is first and last used. Greedy by size, as in
// Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020), https://arxiv.org/abs/2001.03288, section 4.
// Whole buffers are shared, not parts of one: WebGPU lets no dispatch read one part of a buffer and write another.

/** A buffer in use from command `first` to command `last`, both included. */
export interface Use {
  readonly sizeBytes: number;
  readonly first: number;
  readonly last: number;
}

export interface MemoryPlan {
  /** Of each use, in their order: its place. */
  readonly places: readonly number[];
  /** Bytes of each place, largest first. */
  readonly sizes: readonly number[];
}

export function planMemory(uses: readonly Use[]): MemoryPlan {
  const usesOf: Use[][] = [];
  const places = new Array<number>(uses.length);
  const bySize = uses.map((_, i) => i).sort((a, b) => uses[b].sizeBytes - uses[a].sizeBytes || a - b);
  for (const i of bySize) {
    // Every place holds it, since its first use was no smaller. The last one is the smallest.
    const free = usesOf.findLastIndex((others) => others.every((other) => !overlap(other, uses[i])));
    places[i] = free < 0 ? usesOf.push([]) - 1 : free;
    usesOf[places[i]].push(uses[i]);
  }
  return { places, sizes: usesOf.map(([largest]) => largest.sizeBytes) };
}

function overlap(a: Use, b: Use): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/**
 * Places of a plan, put into those of an arena, largest into largest.
 * @returns of each place of the plan, its place in the arena, whose number of places it may exceed.
 */
export function fitInto(arena: readonly number[], sizes: readonly number[]): number[] {
  const bySize = arena.map((_, i) => i).sort((a, b) => arena[b] - arena[a] || a - b);
  return sizes.map((_, i) => bySize[i] ?? i);
}

/** The most bytes in use at one time: no plan needs less. */
export function peakBytes(uses: readonly Use[]): number {
  const changes = uses.flatMap(({ first, last, sizeBytes }) => [
    { time: first, bytes: sizeBytes },
    { time: last + 1, bytes: -sizeBytes },
  ]);
  changes.sort((a, b) => a.time - b.time || a.bytes - b.bytes);
  let bytes = 0;
  let peak = 0;
  for (const change of changes) {
    bytes += change.bytes;
    peak = Math.max(peak, bytes);
  }
  return peak;
}
