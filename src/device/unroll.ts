// Unrolls the short loops of a WGSL text, for compilers that leave it undone. SwiftShader keeps an array that is indexed by a loop
// variable in memory and fetches each of its elements lane by lane; indexed by constants, the same array lives in registers.
// Our register tiles are such arrays. Remove this when SwiftShader unrolls loops itself.

/** Larger ones stay loops: their code would not pay for its compilation. */
const MOST_ITERATIONS = 16;
const MOST_CHARACTERS = 30000;

/** Whether an adapter's compiler leaves loops as they are. */
export function leavesLoops({ adapter }: { readonly adapter: Readonly<Record<string, unknown>> }): boolean {
  return Object.values(adapter).some((value) => /swiftshader/i.test(String(value)));
}

const LOOP = /for \(var (\w+) = 0u; \1 < (\w+); \1\+\+\) \{/;

/**
 * The same program with every `for (var i = 0u; i < N; i++) { ... }` written out whose N is a literal or a module constant and whose
 * body neither breaks nor continues. Line numbers change.
 */
export function unrollLoops(source: string): string {
  const text = source.replace(/\/\/[^\n]*/g, '');
  return unroll(text, constantsOf(text));
}

function unroll(text: string, constants: ReadonlyMap<string, number>): string {
  const loop = LOOP.exec(text);
  if (!loop) return text;
  const [head, variable, bound] = loop;
  const bodyStart = loop.index + head.length;
  const bodyEnd = closingBrace(text, bodyStart);
  const body = unroll(text.slice(bodyStart, bodyEnd), constants);
  const rest = unroll(text.slice(bodyEnd + 1), constants);
  return text.slice(0, loop.index) + (copies(variable, constants.get(bound), body) ?? `${head}${body}}`) + rest;
}

function copies(variable: string, count: number | undefined, body: string): string | undefined {
  if (count === undefined || count > MOST_ITERATIONS || count * body.length > MOST_CHARACTERS) return undefined;
  if (/\b(break|continue|return)\b/.test(body)) return undefined;
  return Array.from({ length: count }, (_, i) => `{ const ${variable} = ${i}u; ${body}}`).join('\n');
}

function closingBrace(text: string, start: number): number {
  for (let at = start, depth = 1; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  throw new Error('unrollLoops: a loop without a closing brace');
}

/** Values of module constants and of literal bounds that are whole numbers. */
function constantsOf(text: string): Map<string, number> {
  const known = new Map<string, number>();
  for (const [, name, expression] of text.matchAll(/^const\s+(\w+)\s*(?::\s*u32\s*)?=\s*([^;\n]+);/gm)) {
    const value = evaluate(expression, known);
    if (Number.isInteger(value)) known.set(name, value);
  }
  for (const [, , bound] of text.matchAll(new RegExp(LOOP, 'g'))) {
    const value = evaluate(bound, known);
    if (Number.isInteger(value)) known.set(bound, value);
  }
  return known;
}

/** Value of a sum or product of unsigned literals and known names, as u32 arithmetic rounds; NaN of anything else. */
function evaluate(expression: string, known: ReadonlyMap<string, number>): number {
  const tokens = Array.from(expression.matchAll(/\w+|[^\s\w]/g), String);
  const sum = () => fold(product, { '+': (a, b) => a + b, '-': (a, b) => a - b });
  const product = () => fold(term, { '*': (a, b) => a * b, '/': (a, b) => Math.floor(a / b) });
  const fold = (operand: () => number, operators: Record<string, (a: number, b: number) => number>): number => {
    let value = operand();
    while (tokens.length > 0 && tokens[0] in operators) value = operators[tokens.shift()!](value, operand());
    return value;
  };
  const term = (): number => {
    const token = tokens.shift() ?? '';
    if (token !== '(') return known.get(token) ?? (/^\d+u?$/.test(token) ? Number.parseInt(token, 10) : Number.NaN);
    const value = sum();
    return tokens.shift() === ')' ? value : Number.NaN;
  };
  const value = sum();
  return tokens.length === 0 ? value : Number.NaN;
}
