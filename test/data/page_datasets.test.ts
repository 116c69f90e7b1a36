// Data sets from the files of a page: CIFAR and MNIST one by one, packed and in archives, image files by their folders. Pixels of
// image files are for test/data_browser.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AnySplit,
  datasetFromFiles,
  fetchFile,
  imagesFromFiles,
  type LabelledFile,
} from '../../src/data/index.js';
import { IMAGENET, loadCifar10, loadDataset } from '../../src/data/index.node.js';
import { cifarFile, idxFile, pageFile, randomBytes, refusal, tarEntry } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-page-'));
afterAll(() => rmSync(root, { recursive: true }));

function pixels(split: AnySplit): Uint8Array {
  if (!('images' in split)) throw new Error('expected images in memory, got streamed ones');
  return split.images;
}

const batches = ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'].map(
  (name, i) => ({ name: `${name}.bin`, bytes: cifarFile([[i], [9 - i]], randomBytes(2 * 3072, i)) }),
);
const readme = tarEntry('cifar-10-batches-bin/readme.html', randomBytes(88, 9));
/** Not in the order of their numbers, as in the official archive. */
const archive = Buffer.concat([
  tarEntry('cifar-10-batches-bin/', new Uint8Array(0), '5'),
  ...batches.toReversed().map(({ name, bytes }) => tarEntry(`cifar-10-batches-bin/${name}`, bytes)),
  ...[readme, new Uint8Array(1024)],
]);

describe('CIFAR', () => {
  it.each([
    ['its files', batches.map(({ name, bytes }) => pageFile(name, bytes))],
    ['its archive', [pageFile('cifar-10-binary.tar.gz', gzipSync(archive))]],
    ['its archive, unpacked by the browser', [pageFile('cifar-10-binary.tar', archive)]],
    ['its archive, unpacked and named as before', [pageFile('cifar-10-binary.tgz', archive)]],
  ])('is what Node reads from a folder, from %s', async (_, files) => {
    for (const { name, bytes } of batches) writeFileSync(join(root, name), bytes);
    const { source, ...expected } = await loadCifar10(root);
    const { source: files_, ...dataset } = await datasetFromFiles('CIFAR-10', files);
    expect(dataset).toEqual(expected);
    expect(files_).toContain(files[0].name);
  });

  it('needs only the files of the part asked for, and not those beyond a limit', async () => {
    const files = batches.slice(0, 2).map(({ name, bytes }) => pageFile(name, bytes));
    const load = (train: number) => datasetFromFiles('cifar10', files, { parts: ['train'], limit: { train } });
    expect([...(await load(3)).train.labels]).toEqual([0, 9, 1]);
    expect(await refusal(load(5))).toBe(
      'cifar10: expected data_batch_3.bin, data_batch_3.bin.gz or an archive (.tar.gz, .tar) with that file in it, got data_batch_1.bin and 1 others',
    );
  });

  it('CIFAR-100 comes from its archive too', async () => {
    const own = Buffer.concat([
      tarEntry(
        'cifar-100-binary/train.bin',
        cifarFile(
          [
            [19, 99],
            [3, 7],
          ],
          randomBytes(2 * 3072, 1),
        ),
      ),
      tarEntry('cifar-100-binary/test.bin', cifarFile([[4, 50]], randomBytes(3072, 2))),
    ]);
    const { train, test, classes } = await datasetFromFiles('cifar100', [pageFile('a.tar.gz', gzipSync(own))]);
    expect([...train.labels, ...test.labels, classes]).toEqual([99, 7, 50, 100]);
    expect(pixels(test)).toEqual(randomBytes(3072, 2));
  });

  it.each([
    ['no file', [], 'cifar10: expected data_batch_1.bin, .*, got no file'],
    [
      'a file cut short',
      [pageFile('data_batch_1.bin', batches[0].bytes.subarray(0, 4000))],
      '^data_batch_1.bin: expected whole records',
    ],
    [
      'a wrong label in an archive',
      [pageFile('a.tar', tarEntry('data_batch_1.bin', cifarFile([[77]], randomBytes(3072, 1))))],
      '^a.tar: data_batch_1.bin: expected every label below 10, got 77 in record 0',
    ],
    ['another archive', [pageFile('a.tar', tarEntry('x', randomBytes(9, 1)))], 'cifar10: expected data_batch_1.bin'],
    [
      'half an archive',
      [pageFile('a.tar.gz', gzipSync(archive).subarray(0, 9000))],
      '^a.tar.gz: expected a whole gzip file',
    ],
    [
      'a web page',
      [pageFile('a.tar.gz', new TextEncoder().encode('<html>404'))],
      '^a.tar.gz: block 0: expected a header of a tar',
    ],
  ])('refuses %s', async (_, files, message) => {
    expect(await refusal(datasetFromFiles('cifar10', files))).toMatch(new RegExp(message));
  });
});

describe('MNIST', () => {
  const images = randomBytes(3 * 784, 1);
  const files = {
    'train-images-idx3-ubyte': idxFile(0x803, [3, 28, 28], images),
    'train-labels-idx1-ubyte': idxFile(0x801, [3], Uint8Array.of(5, 0, 9)),
    't10k-images-idx3-ubyte': idxFile(0x803, [1, 28, 28], images.subarray(0, 784)),
    't10k-labels-idx1-ubyte': idxFile(0x801, [1], Uint8Array.of(7)),
  };
  const all = (pack: (bytes: Uint8Array) => Uint8Array, suffix = '') =>
    Object.entries(files).map(([name, bytes]) => pageFile(`${name}${suffix}`, pack(bytes)));

  it.each([
    ['idx', all((bytes) => bytes)],
    ['packed idx', all(gzipSync, '.gz')],
    ['idx that the server unpacked', all((bytes) => bytes, '.gz')],
  ])('from files of %s', async (_, given) => {
    const { train, test, name } = await datasetFromFiles('mnist', given);
    expect([name, ...train.labels, ...test.labels]).toEqual(['mnist', 5, 0, 9, 7]);
    expect(pixels(train)).toEqual(images);
  });

  it('refuses a wrong magic number, a label out of range and another image size', async () => {
    const load = (name: string, bytes: Uint8Array) =>
      datasetFromFiles('mnist', [pageFile(name, bytes), ...all((b) => b).filter((file) => file.name !== name)]);
    expect(await refusal(load('train-images-idx3-ubyte', files['train-labels-idx1-ubyte']))).toMatch(/^train-images/);
    expect(await refusal(load('t10k-labels-idx1-ubyte', idxFile(0x801, [1], Uint8Array.of(10))))).toBe(
      't10k-labels-idx1-ubyte: expected every label below 10, got 10 in record 0 (counted from 0)',
    );
    expect(await refusal(datasetFromFiles('mnist', [], { imageSize: 32 }))).toBe(
      'image size: expected 28, that of mnist, got 32',
    );
  });
});

/** As a browser gives it of a folder that its user chose. */
function inFolder(path: string, contents = new Uint8Array(0)): File {
  return Object.defineProperty(pageFile(path.split('/').at(-1)!, contents), 'webkitRelativePath', { value: path });
}

describe('image files', () => {
  // A set with random crops, whose training images are not read before they are needed.
  const load = (files: readonly (File | LabelledFile)[]) => imagesFromFiles(IMAGENET, files, { parts: ['train'] });

  it.each(['', 'images/'])('have the classes and the order that Node finds in a folder, with %s', async (deeper) => {
    const dir = mkdtempSync(join(root, 'folder-'));
    const names = ['n2/b.jpg', 'n1/z.JPEG', 'n1/a.png', 'n2/a.webp', 'n10/x.jpg', 'n1/m.jpg', 'n1/notes.txt'];
    const paths = names.map((name) => `train/${name.replace('/', `/${deeper}`)}`);
    for (const path of [...paths, 'words.txt']) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), '');
    }
    const expected = await loadDataset('imagenet', { dir, parts: ['train'] });
    for (const chosen of ['chosen/', '']) {
      const { classNames, train, source, height } = await load(
        [...paths, 'words.txt'].map((path) => inFolder(`${chosen}${path}`)),
      );
      expect(classNames).toEqual(expected.classNames);
      expect([...train.labels]).toEqual([...expected.train.labels]);
      expect(height).toBe(224);
      expect(source).toBe('8 files (3 classes, 2 other files ignored)');
    }
  });

  it('have the class of the folder that they lie in where none is train or val', async () => {
    const paths = ['pets/train/b.jpg', 'pets/cat/a.jpg', 'pets/cat/young/c.jpg', 'd.jpg'];
    const { classNames, train } = await load(paths.map((path) => inFolder(path)));
    expect(classNames).toEqual(['cat', 'train', 'young']);
    expect([...train.labels]).toEqual([0, 1, 2]);
  });

  it('have the class that the page gives them', async () => {
    const file = pageFile('x.jpg');
    const { classNames, train } = await load([
      { file, className: 'dog' },
      { file, className: 'cat' },
      { file, className: 'dog', part: 'test' },
      { file, className: 'dog' },
    ]);
    expect(classNames).toEqual(['cat', 'dog']);
    expect([...train.labels]).toEqual([0, 1, 1]);
  });

  it.each([
    [
      'no images',
      [pageFile('notes.txt')],
      {},
      'imagenet: expected images (.jpg, .png, .webp) in a folder for each class, got 1 other files',
    ],
    ['images without a folder', [pageFile('x.jpg')], {}, 'got 1 other files'],
    [
      'a part without files',
      [inFolder('train/n1/a.jpg')],
      { parts: ['test'] as const },
      'imagenet, test: expected an image, got none',
    ],
    ['a size of no image', [], { imageSize: 0 }, 'image size: expected a whole number from 1 to 4096, got 0'],
    ['no workers', [], { workers: 0 }, 'workers: expected a positive whole number, got 0'],
    [
      'a class that training lacks',
      [inFolder('train/n1/a.jpg'), inFolder('val/n2/b.jpg')],
      { parts: ['test'] as const },
      'val/n2/b.jpg: expected one of the 1 classes of the training images, got n2',
    ],
    [
      'damaged annotations',
      [inFolder('t/val/val_annotations.txt', new TextEncoder().encode('a.JPEG\n'))],
      {},
      't/val/val_annotations.txt: line 1: expected a file name, a tab and a class, got "a.JPEG"',
    ],
    [
      'an annotated image that is not there',
      [
        inFolder('t/val/val_annotations.txt', new TextEncoder().encode('a.JPEG\tn1\nb.JPEG\tn1\n')),
        ...['t/val/images/a.JPEG', 't/train/n1/images/c.JPEG'].map((path) => inFolder(path)),
      ],
      {},
      "val/images/b.JPEG: expected an image, got: no such file, though annotations name it; brokenImages: 'skip' leaves such files out",
    ],
    [
      'Node, which has no decoder',
      [inFolder('val/n1/a.jpg')],
      {},
      'image files: expected a browser, which decodes them, got none',
    ],
  ])('refuse %s', async (_, files, options, message) => {
    expect(await refusal(imagesFromFiles(IMAGENET, files, options))).toContain(message);
  });
});

describe('fetchFile', () => {
  let server: Server;
  let origin: string;
  const body = randomBytes(300_000, 8);

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/none') response.writeHead(404).end();
      else if (request.url === '/moved') response.writeHead(302, { location: '/cache/0123' }).end();
      else if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, 1000), () => response.destroy());
      } else if (request.url === '/hangs') response.writeHead(200).write(body);
      else response.writeHead(200, { 'content-length': body.length }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('gives a file of that name, and tells how much is there', async () => {
    const progress: [number, number?][] = [];
    const file = await fetchFile(`${origin}/data/test%20batch.bin?v=1`, {
      onProgress: (...args) => progress.push(args),
    });
    expect(file.name).toBe('test batch.bin');
    expect(Buffer.compare(new Uint8Array(await file.arrayBuffer()), body)).toBe(0);
    expect(progress.at(-1)).toEqual([body.length, body.length]);
    expect((await fetchFile(new URL('/moved', origin))).name).toBe('moved');
  });

  it('refuses what is not there, not whole or too large', async () => {
    expect(await refusal(fetchFile(`${origin}/none`))).toBe(`${origin}/none: expected a file, got HTTP 404 Not Found`);
    expect(await refusal(fetchFile(`${origin}/cut`))).toContain(`${origin}/cut: expected a file, got: `);
    expect(await refusal(fetchFile('http://127.0.0.1:1/x'))).toContain('http://127.0.0.1:1/x: expected a file, got: ');
    expect(await refusal(fetchFile(`${origin}/x`, { mostBytes: 1000 }))).toContain('of at most 1000 bytes, got more');
  });

  it('ends when it is told to', async () => {
    const control = new AbortController();
    const fetching = fetchFile(`${origin}/hangs`, { signal: control.signal, onProgress: () => control.abort() });
    await expect(fetching).rejects.toThrow(/abort/);
  });
});
