// Data sets of image files: layouts, what is refused, what is left out, and the cached index.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AnySplit, type ImageSplit, loadDataset } from '../../src/data/index.node.js';
import { InputError } from '../../src/device/index.js';
import { type Colour, jpeg, put } from './image_files.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-folders-'));
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
  vi.stubEnv('XDG_CACHE_HOME', `${dir}-cache`);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

const COLOURS: Record<string, Colour> = { n1: [240, 0, 0], n2: [0, 240, 0], n3: [0, 0, 240] };

/** Files of one colour a class, by path; a class's name stands in the path. */
async function putImages(...paths: string[]): Promise<void> {
  for (const path of paths) {
    const [name] = /n\d/.exec(path)!;
    put(join(dir, path), await jpeg(12, 10, COLOURS[name]));
  }
}

const SMALL = ['train/n1/a.jpg', 'train/n1/b.JPEG', 'train/n2/c.jpg', 'val/n1/d.jpg', 'val/n2/e.jpg'];

const load = (name = 'tinyimagenet', options = {}) => loadDataset(name, { dir, imageSize: 8, ...options });

async function refusal(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => new Error('expected an InputError, got none'),
    (reason) => reason,
  );
  if (!(error instanceof InputError)) throw error;
  expect(error.message).not.toContain('\n');
  return error.message.replaceAll(dir, 'DIR');
}

function inMemory(split: AnySplit): ImageSplit {
  if (!('images' in split)) throw new Error('expected images in memory, got streamed ones');
  return split;
}

/** The label that an image's colour says it has: its brightest channel. */
function brightest(split: AnySplit): number[] {
  const { images, count } = inMemory(split);
  const pixels = images.length / count / 3;
  return Array.from({ length: count }, (_, i) => {
    const channels = [0, 1, 2].map((channel) => images[(3 * i + channel) * pixels]);
    return channels.indexOf(Math.max(...channels));
  });
}

describe('layouts', () => {
  it('a folder a class, in turn', async () => {
    await putImages(...SMALL);
    const { train, test, ...info } = await load();
    expect(info).toMatchObject({ name: 'tinyimagenet', classes: 2, channels: 3, height: 8, width: 8 });
    expect([...train.labels]).toEqual([0, 1, 0]);
    expect(brightest(train)).toEqual([0, 1, 0]);
    expect([...test.labels]).toEqual([0, 1]);
    expect(brightest(test)).toEqual([0, 1]);
  });

  it('the official one of Tiny-ImageNet', async () => {
    await putImages(
      'train/n1/images/a.JPEG',
      'train/n2/images/b.JPEG',
      'val/images/n2_v0.JPEG',
      'val/images/n1_v1.JPEG',
    );
    put(join(dir, 'train/n1/n1_boxes.txt'), 'a.JPEG\t0\t0\t1\t1\n');
    put(join(dir, 'val/val_annotations.txt'), 'n2_v0.JPEG\tn2\t0\t0\t9\t9\r\nn1_v1.JPEG\tn1\t0\t0\t9\t9\n\n');
    const { train, test, source } = await load();
    expect([...train.labels]).toEqual([0, 1]);
    expect([...test.labels]).toEqual([0, 1]);
    expect(brightest(test)).toEqual([0, 1]);
    expect(source).toBe(`${dir} (2 classes)`);
  });

  it('of Tiny-ImageNet with val/WNID/images', async () => {
    await putImages('train/n1/images/a.JPEG', 'train/n2/images/b.JPEG', 'val/n2/images/c.JPEG');
    const { test } = await load();
    expect([...test.labels]).toEqual([1]);
  });

  it('links to folders and files', async () => {
    await putImages('elsewhere/n1/a.jpg', 'train/n2/b.jpg', 'val/n2/c.jpg');
    symlinkSync(join(dir, 'elsewhere/n1'), join(dir, 'train/n1'));
    symlinkSync(join(dir, 'elsewhere/n1/a.jpg'), join(dir, 'train/n2/a.jpg'));
    expect([...(await load()).train.labels]).toEqual([0, 1, 1]);
  });

  it('needs no training images to evaluate', async () => {
    await putImages('val/n1/d.jpg', 'val/n2/e.jpg');
    const { train, test } = await load('imagenet', { parts: ['test'] });
    expect(train.count).toBe(0);
    expect([...test.labels]).toEqual([0, 1]);
  });

  it('limits leave every class in', async () => {
    await putImages(...SMALL, 'train/n1/x.jpg', 'train/n1/y.jpg');
    const { train } = await load('tinyimagenet', { limit: { train: 2 } });
    expect([...train.labels]).toEqual([0, 1]);
  });

  it('training images of ImageNet are streamed, since random parts of them are shown', async () => {
    await putImages(...SMALL);
    const { train, test } = await load('imagenet');
    expect('images' in train).toBe(false);
    expect(train.count).toBe(3);
    expect(brightest(test)).toEqual([0, 1]);
    await expect(load('imagenet', { imageSize: undefined })).resolves.toMatchObject({ height: 224, width: 224 });
  });
});

describe('where the folder is', () => {
  it('is told by SHUFFLEBLOCK_DATA', async () => {
    await putImages(...SMALL.map((path) => `tiny-imagenet-200/${path}`));
    vi.stubEnv('SHUFFLEBLOCK_DATA', dir);
    await expect(loadDataset('Tiny-ImageNet')).resolves.toMatchObject({ classes: 2, height: 64 });
  });

  it('is asked for in one line that says what goes into it', async () => {
    vi.stubEnv('SHUFFLEBLOCK_DATA', dir);
    expect(await refusal(loadDataset('imagenet'))).toBe(
      'imagenet: expected a folder with train/WNID/*.JPEG and val/WNID/*.JPEG, got none; pass --data_dir DIR or put it in data/imagenet',
    );
  });
});

describe('folders that are refused', () => {
  it.each([
    ['no train', ['val/n1/a.jpg'], /^DIR\/train: expected a folder of images for each class, got none$/],
    ['no val', ['train/n1/a.jpg'], /^DIR\/val: expected a folder of images for each class, got none$/],
    ['nothing at all', [], /^DIR\/train: expected a folder/],
    [
      'images without class folders',
      ['train/n1.jpg', 'val/n1/a.jpg'],
      /^DIR\/train: expected a folder for each class, got 1 files$/,
    ],
    [
      'a class that training lacks',
      [...SMALL, 'val/n3/f.jpg'],
      /^DIR\/val\/n3: expected one of the 2 classes of DIR\/train, got another$/,
    ],
  ])('%s', async (_, paths, message) => {
    await putImages(...paths);
    expect(await refusal(load())).toMatch(message);
  });

  it('a folder that is not there', async () => {
    expect(await refusal(load('imagenet', { dir: join(dir, 'none') }))).toMatch(
      /^DIR\/none: expected a folder or list that is there/,
    );
  });

  it('classes without images', async () => {
    await putImages(...SMALL);
    for (const name of ['n4', 'n5']) mkdirSync(join(dir, 'train', name));
    expect(await refusal(load())).toBe(
      'DIR/train/n4: expected at least one image (.jpg, .png, .webp), got none and in 1 other classes',
    );
  });

  it('a part without images', async () => {
    await putImages('train/n1/a.jpg');
    mkdirSync(join(dir, 'val/n1'), { recursive: true });
    expect(await refusal(load())).toBe('DIR/val: expected an image, got none');
  });

  it('a file where a folder should be', async () => {
    await putImages('val/n1/a.jpg');
    put(join(dir, 'train'), 'no folder');
    expect(await refusal(load())).toMatch(/^DIR\/train: expected a readable folder, got ENOTDIR/);
  });

  it.each([
    ['a line without a class', 'n1.JPEG\n', /line 1: expected a file name, a tab and a class, got "n1.JPEG"$/],
    ['a class that training lacks', 'n1.JPEG\tn9\n', /n1.JPEG: expected one of the 1 classes of DIR\/train, got n9$/],
  ])('annotations with %s', async (_, text, message) => {
    await putImages('train/n1/images/a.JPEG', 'val/images/n1.JPEG');
    put(join(dir, 'val/val_annotations.txt'), text);
    expect(await refusal(load())).toMatch(message);
  });

  it.each([0, 1.5, 5000])('an image size of %d', async (imageSize) => {
    await putImages(...SMALL);
    expect(await refusal(load('imagenet', { imageSize }))).toMatch(
      /^image size: expected a whole number from 1 to 4096/,
    );
  });

  it('another size than that of images of one size', async () => {
    expect(await refusal(loadDataset('mnist', { imageSize: 32, limit: { train: 1, test: 1 } }))).toBe(
      'image size: expected 28, that of mnist, got 32',
    );
  });
});

describe('files that hold no image', () => {
  it('are ignored and counted if their name says so', async () => {
    await putImages(...SMALL);
    for (const path of ['train/notes.txt', 'train/n1/Thumbs.db', 'val/n2/list.csv', 'train/n1/.DS_Store'])
      put(join(dir, path), '');
    expect((await load()).source).toBe(`${dir} (2 classes, 3 other files ignored)`);
  });

  it('end everything by name, or are left out by name', async () => {
    await putImages(...SMALL);
    put(join(dir, 'train/n1/aa.jpg'), '');
    expect(await refusal(load())).toMatch(
      /^DIR\/train\/n1\/aa.jpg: expected an image, got: .*; --broken-images skip leaves such files out$/,
    );
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const { train, source } = await load('tinyimagenet', { brokenImages: 'skip', warn });
    expect([...train.labels]).toEqual([0, 1, 0]);
    expect(brightest(train)).toEqual([0, 1, 0]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('train/n1/aa.jpg: ');
    expect(source).toBe(`${dir} (2 classes, 1 damaged images left out)`);
  });

  it('end the reading of the others', async () => {
    const bytes = await jpeg(4, 4, COLOURS.n1);
    for (let i = 0; i < 700; i++) put(join(dir, `train/n1/${1000 + i}.jpg`), i === 0 ? '' : bytes);
    put(join(dir, 'val/n1/a.jpg'), bytes);
    let read = 0;
    const onRead = () => void read++;
    expect(await refusal(load('tinyimagenet', { onRead }))).toContain('1000.jpg');
    for (let before = -1; before < read; ) {
      before = read;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(read).toBeLessThan(600);
  });

  it('that annotations name and that are not there, likewise', async () => {
    await putImages('train/n1/images/a.JPEG', 'val/images/n1_0.JPEG', 'val/images/n1_2.JPEG');
    put(join(dir, 'val/val_annotations.txt'), 'n1_0.JPEG\tn1\nn1_1.JPEG\tn1\n');
    expect(await refusal(load())).toMatch(/^DIR\/val\/images\/n1_1.JPEG: expected an image, got: no such file/);
    const { test, source } = await load('tinyimagenet', { brokenImages: 'skip' });
    expect(test.count).toBe(1);
    expect(source).toBe(`${dir} (1 classes, 1 other files ignored, 1 damaged images left out)`);
  });
});

describe('the cached index', () => {
  const indexes = () =>
    existsSync(`${dir}-cache/shuffleblock/indexes`) ? readdirSync(`${dir}-cache/shuffleblock/indexes`) : [];

  /** As if nothing had changed for an hour. */
  function settle(path = ''): void {
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const entry of readdirSync(join(dir, path), { withFileTypes: true })) {
      if (entry.isDirectory()) settle(join(path, entry.name));
    }
    utimesSync(join(dir, path), hourAgo, hourAgo);
  }

  it('is stored once the folder is settled, outside of it, and read again', async () => {
    await putImages(...SMALL);
    await load();
    expect(indexes()).toEqual([]);
    settle();
    await load();
    const [name] = indexes();
    const path = join(`${dir}-cache/shuffleblock/indexes`, name);
    const stored = readFileSync(path, 'utf8');
    // Told apart from a new index by a label that only the stored one has.
    writeFileSync(
      path,
      stored.replace('"labels":[0,1,0]', '"labels":[1,1,1]').replace('"classes":["n1"', '"classes":["n0"'),
    );
    expect(await refusal(load())).toContain('train/n0: expected at least one image');
  });

  it.each([
    ['an image is added', () => putImages('train/n2/z.jpg'), 4],
    ['a class is added', () => putImages('train/n3/z.jpg'), 4],
    ['an image is removed', async () => rmSync(join(dir, 'train/n1/a.jpg')), 2],
  ])('is out of date when %s', async (_, change, count) => {
    await putImages(...SMALL);
    settle();
    await load();
    expect(indexes()).toHaveLength(1);
    await change();
    expect((await load()).train.count).toBe(count);
  });

  it('is made anew where it is damaged', async () => {
    await putImages(...SMALL);
    settle();
    await load();
    for (const content of ['{"classes":', '{}', '[1]', 'null']) {
      writeFileSync(join(`${dir}-cache/shuffleblock/indexes`, indexes()[0]), content);
      expect((await load()).train.count).toBe(3);
    }
  });

  it.each<[string, (index: Record<string, unknown>) => unknown]>([
    ['labels of no class', (index) => ({ ...index, train: { paths: ['a', 'b', 'c'], labels: [0, 1, 2] } })],
    ['fewer labels than images', (index) => ({ ...index, train: { paths: ['a', 'b', 'c'], labels: [0, 1] } })],
    ['paths that are none', (index) => ({ ...index, train: { paths: [1, 2], labels: [0, 1] } })],
    ['a list of something else', (index) => ({ ...index, train: 7 })],
    ['classes without names', (index) => ({ ...index, classes: [{}, {}] })],
    ['a count that is none', (index) => ({ ...index, ignored: 'many' })],
    ['missing images that are none', (index) => ({ ...index, missing: 5 })],
    ['times that are none', (index) => ({ ...index, changed: { ...(index.changed as object), train: null } })],
  ])('is made anew where it has %s', async (_, change) => {
    await putImages(...SMALL);
    settle();
    const made = await load();
    const path = join(`${dir}-cache/shuffleblock/indexes`, indexes()[0]);
    const stored = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(change(stored)));
    expect([...(await load()).train.labels]).toEqual([...made.train.labels]);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(stored);
  });
});
