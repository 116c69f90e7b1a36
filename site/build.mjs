// Builds the documentation as static pages: the guides in docs/, and a reference from the docstrings of everything that the package
// exports. `npm run docs [-- FOLDER]`; site/dist without one. Ends with 1 where a docstring names what is not there, or a link leads nowhere.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Comment, Converter, ReflectionKind } from 'typedoc';
import { findFaults } from './links.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? join(root, 'site', 'dist');

/** What a program imports, and the file whose exports it gets; of rooms with disks, those of Node. */
const ENTRIES = {
  shuffleblock: 'src/index.ts',
  'shuffleblock/data': 'src/data/index.node.ts',
  'shuffleblock/models': 'src/models/index.ts',
  'shuffleblock/nn': 'src/nn/index.ts',
  'shuffleblock/sparse': 'src/sparse/index.ts',
  'shuffleblock/testing': 'src/testing/index.ts',
  'shuffleblock/train': 'src/train/index.node.ts',
};

const app = await Application.bootstrap({
  name: 'shuffleblock',
  entryPoints: Object.values(ENTRIES).map((file) => join(root, file)),
  tsconfig: join(root, 'tsconfig.build.json'),
  readme: join(root, 'README.md'),
  projectDocuments: ['docs/*.md', 'examples/README.md', 'CONTRIBUTING.md'].map((file) => join(root, file)),
  out,
  cleanOutputDir: true,
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  hideGenerator: true,
  sort: ['kind', 'alphabetical'],
  navigation: { includeCategories: false, includeGroups: false, includeFolders: false },
  headings: { readme: false, document: false },
  logLevel: 'Warn',
  treatWarningsAsErrors: true,
  // Parts of a recording, which a program passes on as it is.
  intentionallyNotExported: ['Command', 'RecordedBuffer', 'Use'],
  // A docstring that begins with a shape, `[G+1]: first block`, looks to it like a link; links.mjs looks at what comes of those that are.
  validation: { invalidPath: false },
});

app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
  withoutCodeInHeadings(document.content);
  const [, title] = /^# (.*)/m.exec(document.content.map(({ text }) => text).join('')) ?? [];
  document.name = title ?? document.name;
});

app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  const modules = project.getChildrenByKind(ReflectionKind.Module);
  for (const [name, file] of Object.entries(ENTRIES)) {
    const module = modules.find((one) => `src/${one.name}.ts` === file || `src/${one.name}/index.ts` === file);
    module.name = name;
    module.comment ??= new Comment([{ kind: 'text', text: headline(file) }]);
  }
});

/** A heading's place is named by its text, for which code does not count: that of `shuffleblock train` would have no name. */
function withoutCodeInHeadings(parts) {
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'code' || !/(^|\n)#+ $/.test(parts[i - 1]?.text ?? '')) continue;
    Object.assign(part, { kind: 'text', text: part.text.replaceAll('`', '') });
  }
}

/** Docstrings are plain text, but for code in backticks: products and shapes are no emphasis and no links, and `<input>` is no element. */
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const { comment } of Object.values(project.reflections)) {
    const parts = comment ? [comment.summary, ...comment.blockTags.map(({ content }) => content)].flat() : [];
    for (const part of parts) if (part.kind === 'text') part.text = part.text.replace(/[*_<[\]]/g, '\\$&');
  }
});

/** The comment that a file opens with. */
function headline(file) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('// '));
  return lines
    .slice(0, end)
    .map((line) => line.slice(3))
    .join(' ');
}

const project = await app.convert();
if (project) {
  app.validate(project);
  await app.generateOutputs(project);
}
if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);

const faults = findFaults(out);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`open ${join(out, 'index.html')}`);
