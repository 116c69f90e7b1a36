// A plot is read by keyboard as a slider is moved: which of its points a key leads to.

/** PageUp and PageDown pass over this share of the points. */
const PAGE = 0.1;

/**
 * @param at index of the point that is read, of `length`.
 * @returns undefined for other keys.
 */
export function pointAfter(key: string, at: number, length: number): number | undefined {
  const page = Math.max(1, Math.round(PAGE * length));
  const last = length - 1;
  const targets: Readonly<Record<string, number>> = {
    ...{ ArrowLeft: at - 1, ArrowDown: at - 1, PageDown: at - page, Home: 0 },
    ...{ ArrowRight: at + 1, ArrowUp: at + 1, PageUp: at + page, End: last },
  };
  return key in targets && length > 0 ? Math.min(last, Math.max(0, targets[key])) : undefined;
}
