// Programs in JavaScript have no compiler that finds a misspelt option, or one that PyTorch's layer has and ours does not.

/** @throws if `options` has others than those of `known`: `conv2d: expected options among stride, padding, got groups`. */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(`${operation}: expected options among ${known.join(', ')}, got ${unknown.join(', ')}`);
}
