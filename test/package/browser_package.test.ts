// The package as a web developer gets it: packed, unpacked into a project, built by Vite, opened in a browser.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright';
import { build, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jpeg, put } from '../data/image_files.js';
import { cifarFile, randomBytes, tarEntry } from '../data/support.js';
import { chromiumLaunchOptions } from '../support/chromium.node.js';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-package-'));
const unpacked = join(folder, 'node_modules', 'shuffleblock');
let browser: Browser;

beforeAll(async () => {
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
  execFileSync(process.execPath, ['scripts/build_dashboard.mjs'], { cwd: root });
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.toString());
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', unpacked, '--strip-components', '1']);
  browser = await chromium.launch(await chromiumLaunchOptions());
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A project folder beside `node_modules`, with these files, built by Vite without configuration. */
async function buildProject(name: string, files: Record<string, string>): Promise<string> {
  const project = join(folder, name);
  mkdirSync(project, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(project, path), text);
  await build({ root: project, configFile: false, logLevel: 'error', build: { target: 'esnext' } });
  return project;
}

const page = (script: string) => `<!doctype html><script type="module" src="${script}"></script>`;

function builtScript(project: string): string {
  const assets = join(project, 'dist', 'assets');
  const [script] = readdirSync(assets).filter((name) => name.endsWith('.js'));
  return readFileSync(join(assets, script), 'utf8');
}

/** What a page with this module becomes. */
async function scriptOf(name: string, main: string): Promise<string> {
  return builtScript(await buildProject(name, { 'index.html': page('/main.js'), 'main.js': main }));
}

/** Opens a page of a folder of files; `look` says when it has shown what is expected. */
async function visit<T>(served: string, path: string, look: (page: Page) => Promise<T>): Promise<T> {
  const server = await preview({
    root: served,
    configFile: false,
    logLevel: 'error',
    build: { outDir: '.' },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const tab = await browser.newPage();
  const errors: string[] = [];
  tab.on('pageerror', (error) => errors.push(error.message));
  try {
    const looking = look(tab);
    await tab.goto(new URL(path, server.resolvedUrls!.local[0]).href);
    const seen = await looking;
    expect(errors).toEqual([]);
    return seen;
  } finally {
    await tab.close();
    await server.close();
  }
}

/** The text of an element, once it matches. */
async function textOf(tab: Page, selector: string, pattern: RegExp): Promise<string> {
  const element = tab.locator(selector, { hasText: pattern });
  await element.waitFor({ state: 'attached', timeout: 100_000 });
  return (await element.textContent()) ?? '';
}

it('holds the page of the dashboard, which needs nothing from elsewhere', () => {
  const page = join(unpacked, 'dist', 'dashboard_page');
  const files = readdirSync(page, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  expect(files.map((name) => name.split('.').at(-1)).sort()).toEqual(['css', 'html', 'js', 'svg']);
  for (const name of files) {
    const text = readFileSync(join(page, name), 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    expect(text.match(/https?:\/\/[^"'`\s)]+|\bimport\(/g) ?? [], name).toEqual([]);
  }
});

describe('the package in a browser', () => {
  it('builds and runs the engine example of the README, unchanged', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const example = /## Use the engine\n+```js\n([\s\S]*?)```/.exec(readme)![1];
    const project = await buildProject('readme', { 'index.html': page('/main.js'), 'main.js': example });
    const gradient = await visit(join(project, 'dist'), 'index.html', async (tab) => {
      const message = await tab.waitForEvent('console', (entry) => entry.type() === 'log');
      return message.args()[0].evaluate((value) => Array.from(value as Float32Array));
    });
    // Four images of ones, padded: the centre tap meets 64 pixels of each, a corner tap 49.
    expect(gradient).toHaveLength(16 * 3 * 3 * 3);
    expect(gradient.slice(0, 9)).toEqual([49, 56, 49, 56, 64, 56, 49, 56, 49].map((pixels) => 4 * pixels));
  });

  it('trains in the Vite example', async () => {
    const project = join(folder, 'vite');
    cpSync(join(root, 'examples', 'vite'), project, { recursive: true });
    await buildProject('vite', {});
    const log = await visit(join(project, 'dist'), 'index.html', (tab) => textOf(tab, '#log', /epoch 3: .*%/));
    expect(Number(/epoch 3: test accuracy ([\d.]+)%/.exec(log)![1])).toBeGreaterThan(90);
  });

  it('loads into a static page without a build', async () => {
    cpSync(join(root, 'examples'), join(unpacked, 'examples'), { recursive: true });
    const text = await visit(unpacked, 'examples/browser-minimal/index.html', (tab) => textOf(tab, '#result', /./));
    expect(text).toBe('Gradient of the first tap: 196, of the centre: 256');
  });

  it('reads a folder of images that its user chooses, and an archive that it fetches', async () => {
    const script = `import { datasetFromFiles, fetchFile } from 'shuffleblock/data';
const input = document.querySelector('input');
input.onchange = async () => {
  const { classNames, train, test } = await datasetFromFiles('tinyimagenet', input.files, { imageSize: 4 });
  const cifar = await datasetFromFiles('cifar10', [await fetchFile('/cifar.tar.gz')], { parts: ['test'] });
  const reds = [0, 1].map((image) => train.images[48 * image]);
  const found = { classNames, labels: [...train.labels], tests: test.count, reds, cifar: [...cifar.test.labels] };
  document.querySelector('p').textContent = JSON.stringify(found);
};`;
    // Hidden: the packaged Chromium ends itself where it is to draw the text of an input, for which it looks for a font of the system.
    const body = '<input type="file" webkitdirectory hidden /><p></p>';
    const project = await buildProject('files', { 'index.html': body + page('/main.js'), 'main.js': script });
    const archive = tarEntry('cifar-10-batches-bin/test_batch.bin', cifarFile([[7], [3]], randomBytes(2 * 3072, 1)));
    writeFileSync(join(project, 'dist', 'cifar.tar.gz'), gzipSync(archive));
    const images = join(project, 'pets');
    for (const [path, red] of Object.entries({ 'train/cat/a.jpg': 200, 'train/dog/b.jpg': 90, 'val/dog/c.jpg': 90 })) {
      put(join(images, path), await jpeg(9, 7, [red, 10, 10]));
    }
    const text = await visit(join(project, 'dist'), 'index.html', async (tab) => {
      await tab.waitForEvent('load');
      await tab.locator('input').setInputFiles(images);
      return textOf(tab, 'p', /./);
    });
    const { reds, ...found } = JSON.parse(text);
    expect(found).toEqual({ classNames: ['cat', 'dog'], labels: [0, 1], tests: 1, cifar: [7, 3] });
    expect(Math.abs(reds[0] - 200)).toBeLessThan(4);
    expect(Math.abs(reds[1] - 90)).toBeLessThan(4);
  });

  it('has a core with convolution training of at most 45 KB gzipped, and nothing of Node in any entry', async () => {
    const entries = ['', '/sparse', '/nn', '/models', '/train', '/data', '/testing'];
    const everything = entries.map((entry, i) => `import * as m${i} from 'shuffleblock${entry}';`).join('\n');
    const keep = `globalThis.kept = [${entries.map((_, i) => `m${i}`)}];`;
    const all = await scriptOf('all', everything + keep);
    expect(all).not.toMatch(/["']node:|\bkoffi\b|webgpu\/|__vite-browser-external/);
    const uses = (names: Readonly<Record<string, readonly string[]>>) =>
      Object.entries(names)
        .map(([entry, imported]) => `import { ${imported.join(', ')} } from 'shuffleblock${entry}';`)
        .concat(`globalThis.start = [${Object.values(names).flat().join(', ')}];`)
        .join('\n');
    const conv = await scriptOf('conv', uses({ '': ['backward', 'conv2d', 'openDevice', 'relu'] }));
    // What a page needs that trains a sparse convolutional network in a loop of its own.
    const core = await scriptOf(
      'core',
      uses({
        '': ['backward', 'crossEntropy', 'dropout', 'flatten', 'openDevice', 'scope', 'Tensor'],
        '/nn': ['BatchNorm', 'Conv2d', 'Linear', 'MaxPool2d', 'ReLU', 'Sequential', 'shuffledBlocks', 'sparsify'],
        '/train': ['Sgd'],
      }),
    );
    // The same with every method, model and recipe.
    const trainer = await scriptOf('trainer', uses({ '': ['openDevice'], '/train': ['createTrainer'] }));
    const kilobytes = (text: string) => gzipSync(text, { level: 9 }).length / 1000;
    console.log(
      `gzipped: a convolution and its gradients ${kilobytes(conv).toFixed(1)} KB, layers, losses and SGD ${kilobytes(core).toFixed(1)} KB, ` +
        `createTrainer ${kilobytes(trainer).toFixed(1)} KB, everything ${kilobytes(all).toFixed(1)} KB`,
    );
    expect(kilobytes(core)).toBeLessThan(45);
    expect(kilobytes(trainer)).toBeLessThan(73);
    // Tree-shaking: what a page does not use does not reach it.
    expect(kilobytes(conv)).toBeLessThan(kilobytes(core) * 0.8);
    expect(kilobytes(core)).toBeLessThan(kilobytes(trainer) * 0.65);
  });
});
