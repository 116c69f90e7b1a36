// The walls between the rooms of src/ (docs/architecture.md): who may import whom, and where Node may appear.

import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path/posix';

/** Every room may import the rooms on its left. */
const ORDER = ['host', 'device', 'tensor', 'autograd', 'shaders', 'sparse', 'nn', 'models', 'train'];

/** Rooms beside or beyond the order, and what they may import. `index` is the package's main entry. */
const BESIDE: Record<string, string[]> = {
  data: ['host', 'device', 'tensor', 'shaders'],
  testing: ['host', 'device', 'tensor', 'autograd', 'shaders'],
  dashboard: [...ORDER],
  cli: [...ORDER, 'data', 'testing', 'dashboard', 'index'],
  web: [...ORDER, 'data', 'dashboard', 'index'],
};

/** Embedded shader texts: everyone may read them. */
const GENERATED = 'src/wgsl.generated.ts';

/**
 * What is wrong with the imports of these files, one line each.
 * @param files texts by path from the repository's root, for example `src/tensor/shape.ts`.
 */
export function importViolations(files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).flatMap(([file, text]) =>
    importsOf(text).flatMap((name) => {
      const reason = violation(file, name);
      return reason ? [`${file} imports '${name}': ${reason}`] : [];
    }),
  );
}

function violation(file: string, name: string): string | undefined {
  const isNode = file.endsWith('.node.ts') || roomOf(file) === 'cli';
  if (!name.startsWith('.')) {
    if (isNode || (roomOf(file) === 'web' && !isBuiltin(name))) return undefined;
    return isBuiltin(name)
      ? 'Node built-ins belong in src/cli and *.node.ts'
      : 'packages belong in src/cli and *.node.ts';
  }
  const target = join(dirname(file), name).replace(/\.js$/, '.ts');
  if (target === GENERATED) return undefined;
  if (target.endsWith('.node.ts') && !isNode) return 'only src/cli and other *.node.ts files import *.node.ts';
  return roomViolation(roomOf(file), roomOf(target));
}

function roomViolation(from: string, to: string): string | undefined {
  if (from === to || from === 'index') return undefined;
  const allowed = BESIDE[from] ?? [...leftOf(from), ...(from === 'train' ? ['data'] : [])];
  return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(', ') || 'no other room'}`;
}

function leftOf(room: string): string[] {
  const position = ORDER.indexOf(room);
  if (position < 0) throw new Error(`src/${room}: not a room; expected one of ${[...ORDER, ...Object.keys(BESIDE)]}`);
  return ORDER.slice(0, position);
}

/** `src/tensor/shape.ts` is in room tensor, `src/index.node.ts` in index, `web/main.ts` in web. */
function roomOf(file: string): string {
  const [top, room, ...rest] = normalize(file).split('/');
  if (top === 'web') return 'web';
  return rest.length > 0 ? room : room.split('.')[0];
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

/** Module names in `import`, `import type`, `export from`, `import()` and `typeof import()`. */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, ''); // comment lines
  const forms = [
    /^\s*import\s+(?:[\w$*{}\s,]+?\s+from\s+)?['"]([^'"]+)['"]/gm,
    /^\s*export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s+['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1]));
}
