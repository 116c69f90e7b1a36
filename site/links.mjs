// Links of a folder of static pages: every one of them leads to a file and a place in it that are there, and no page loads anything from
// another address. `node site/links.mjs FOLDER` prints what is amiss, and ends with 1 if anything is.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

/** @returns a line for each fault: the page, and what it refers to. */
export function findFaults(folder) {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  const pages = new Map(files.filter((file) => extname(file) === '.html').map((file) => [file, readPage(file)]));
  const faults = [];
  for (const [file, { links, loads }] of pages) {
    const where = relative(folder, file);
    for (const target of loads) if (isElsewhere(target)) faults.push(`${where}: loads ${target}`);
    for (const target of [...links, ...loads]) {
      if (!isElsewhere(target) && !leadsSomewhere(file, target, pages)) faults.push(`${where}: broken link ${target}`);
    }
  }
  for (const file of files.filter((name) => extname(name) === '.css')) {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:url\(|@import\s+)["']?([^"')\s]+)/g)) {
      if (isElsewhere(target) && !target.startsWith('data:')) faults.push(`${relative(folder, file)}: loads ${target}`);
    }
  }
  return faults;
}

/** What a page leads to, what a browser loads for it, and the places in it that a link can name. */
function readPage(file) {
  const html = readFileSync(file, 'utf8').replace(/<!--.*?-->/gs, '');
  const links = [];
  const loads = [];
  const places = new Set();
  for (const [, tag, attributes] of html.matchAll(
    /<([a-z]\w*)((?:\s+[\w:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?)*)\s*\/?>/gi,
  )) {
    for (const [, name, value] of attributes.matchAll(/([\w:-]+)\s*=\s*["']([^"']*)["']/g)) {
      const target = value.replaceAll('&amp;', '&');
      if (name === 'id' || (name === 'name' && tag === 'a')) places.add(target);
      else if (name === 'href' && tag !== 'link' && tag !== 'use') links.push(target);
      else if (name === 'href' || name === 'src') loads.push(target);
    }
  }
  return { links, loads, places };
}

function isElsewhere(target) {
  return /^([a-z]+:|\/\/)/i.test(target);
}

function leadsSomewhere(from, target, pages) {
  const [path, place = ''] = target.split('#').map(decodeURIComponent);
  const file = path === '' ? from : resolve(dirname(from), path.replace(/\?.*/, ''));
  if (!existsSync(file) || statSync(file).isDirectory()) return false;
  return place === '' || !pages.has(file) || pages.get(file).places.has(place);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const faults = findFaults(argv[2]);
  for (const fault of faults) console.log(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
