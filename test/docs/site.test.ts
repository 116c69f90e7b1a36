// `npm run docs` builds a site that needs no network: guides, examples and everything that the package exports; and what looks after its
// links sees those that are broken.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-site-'));
const site = join(folder, 'site');

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['site/build.mjs', site]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const page = (path: string) => readFileSync(join(site, path), 'utf8');
const text = (path: string) => page(path).replace(/<[^>]*>/g, '');

it('has every guide, under its own heading', () => {
  const guides = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const pages = readdirSync(join(site, 'documents')).map((name) => text(join('documents', name)));
  for (const guide of guides) {
    const [, heading] = /^# (.*)/.exec(readFileSync(join('docs', guide), 'utf8'))!;
    expect(pages.filter((one) => one.includes(heading)).length, guide).toBeGreaterThan(0);
  }
  expect(text('index.html')).toContain('Sparse neural networks, trained sparse from the first step to the last');
});

it('has a module for each entry of the package', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  const entries = Object.keys(exports).filter((name) => !name.endsWith('.json'));
  const names = entries.map((name) => (name === '.' ? 'shuffleblock' : `shuffleblock_${basename(name)}`));
  expect(readdirSync(join(site, 'modules')).sort()).toEqual(names.map((name) => `${name}.html`).sort());
});

it('shows docstrings as they are written: products are no emphasis', () => {
  expect(text('functions/shuffleblock.conv2d.html')).toContain(
    'x[i, oy*stride - padding + ky, ox*stride - padding + kx, n]',
  );
});

it('finds broken links, missing places, and what would be loaded from elsewhere', () => {
  const broken = mkdtempSync(join(folder, 'broken-'));
  writeFileSync(
    join(broken, 'a.html'),
    `<link rel="stylesheet" href="style.css"><h2 id="here">a</h2>
     <a href="#here">fine</a> <a href="b.html#there">fine</a> <a href="https://example.org/">fine, if it is clicked</a>
     <a class="x" href="c.html">no such page</a> <a href="b.html#nowhere">no such place</a>
     <img src="missing.png"><script src="https://example.org/script.js"></script>`,
  );
  writeFileSync(join(broken, 'b.html'), '<h2 id="there">b</h2>');
  writeFileSync(join(broken, 'style.css'), '@font-face { src: url("https://example.org/font.woff2"); }');
  const look = () => execFileSync(process.execPath, ['site/links.mjs', broken], { encoding: 'utf8' });
  let seen = '';
  expect(() => {
    try {
      look();
    } catch (error) {
      seen = (error as { stdout: string }).stdout;
      throw error;
    }
  }).toThrow();
  expect(seen.trim().split('\n').sort()).toEqual([
    'a.html: broken link b.html#nowhere',
    'a.html: broken link c.html',
    'a.html: broken link missing.png',
    'a.html: loads https://example.org/script.js',
    'style.css: loads https://example.org/font.woff2',
  ]);
});
