// The loaders of files, on small files in the official formats and in the official places.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadCifar10, loadCifar100, loadDataset, loadMnist } from '../../src/data/index.node.js';
import { cifarFile, idxFile, randomBytes, refusal } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-data-'));
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(root, { recursive: true }));

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), bytes);
}

describe('loadMnist', () => {
  const trainPixels = randomBytes(3 * 784, 1);
  const testPixels = randomBytes(2 * 784, 2);
  const files: Record<string, Uint8Array> = {
    'train-images-idx3-ubyte': idxFile(0x803, [3, 28, 28], trainPixels),
    'train-labels-idx1-ubyte': idxFile(0x801, [3], Uint8Array.of(5, 0, 9)),
    't10k-images-idx3-ubyte': idxFile(0x803, [2, 28, 28], testPixels),
    't10k-labels-idx1-ubyte': idxFile(0x801, [2], Uint8Array.of(7, 2)),
  };

  it.each(['', 'MNIST/raw'])('reads idx files, some of them packed, in DIR/%s', async (place) => {
    for (const [name, bytes] of Object.entries(files)) {
      if (name.startsWith('t10k')) put(join(place, `${name}.gz`), gzipSync(bytes));
      else put(join(place, name), bytes);
    }
    const dataset = await loadMnist(dir);
    expect(dataset).toMatchObject({ name: 'mnist', classes: 10, channels: 1, height: 28, width: 28, source: dir });
    expect(dataset.train.count).toBe(3);
    expect([...dataset.train.images]).toEqual([...trainPixels]);
    expect([...dataset.train.labels]).toEqual([5, 0, 9]);
    expect([...dataset.test.images]).toEqual([...testPixels]);
    expect([...dataset.test.labels]).toEqual([7, 2]);
  });

  it('needs only the files of the part asked for', async () => {
    for (const name of ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) put(name, files[name]);
    const { train, test } = await loadMnist(dir, { parts: ['test'], limit: { test: 1 } });
    expect([train.count, test.count, test.labels[0]]).toEqual([0, 1, 7]);
  });

  it('says which file is missing, and where it was looked for', async () => {
    const [images, labels] = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'];
    expect(await refusal(loadMnist(join(dir, 'no')))).toBe(
      `mnist: expected ${images} or ${images}.gz in ${dir}/no or ${dir}/no/MNIST/raw, but there is no ${dir}/no`,
    );
    put(images, files[images]);
    expect(await refusal(loadMnist(dir))).toBe(
      `mnist: expected ${labels} or ${labels}.gz in ${dir} or ${dir}/MNIST/raw, found it in neither`,
    );
  });

  it('refuses files that do not fit together', async () => {
    put('train-images-idx3-ubyte', files['train-images-idx3-ubyte']);
    put('train-labels-idx1-ubyte', files['t10k-labels-idx1-ubyte']);
    expect(await refusal(loadMnist(dir))).toContain(
      'train-labels-idx1-ubyte: expected a label for each of the 3 images of train-images-idx3-ubyte, got 2',
    );
    put('train-images-idx3-ubyte', idxFile(0x803, [2, 32, 32], randomBytes(2048, 3)));
    expect(await refusal(loadMnist(dir))).toContain('train-images-idx3-ubyte: expected images of 28x28, got 32x32');
  });

  it('refuses a gzip file that holds far more than its name says', async () => {
    const zeros = gzipSync(new Uint8Array(2 ** 26), { level: 1 });
    put('train-images-idx3-ubyte.gz', Buffer.concat(Array(5).fill(zeros)));
    expect(await refusal(loadMnist(dir))).toBe(
      `${dir}/train-images-idx3-ubyte.gz: expected at most ${2 ** 28} bytes, unpacked, got more`,
    );
  });

  it('refuses a damaged gzip file and a folder in the place of a file', async () => {
    const packed = gzipSync(files['train-images-idx3-ubyte']);
    put('train-images-idx3-ubyte.gz', packed.subarray(0, packed.length - 20));
    expect(await refusal(loadMnist(dir))).toContain('train-images-idx3-ubyte.gz: expected a whole gzip file, got');
    mkdirSync(join(dir, 'train-images-idx3-ubyte'));
    expect(await refusal(loadMnist(dir))).toContain('train-images-idx3-ubyte: expected a readable file, got a folder');
  });

  it('has 10,000 digits without any file', async () => {
    const dataset = await loadMnist();
    expect([dataset.train.count, dataset.test.count]).toEqual([8000, 2000]);
    expect(new Set(dataset.train.labels.subarray(0, 20)).size).toBe(10);
    // The constants are those of all 60,000 training images.
    const pixels = dataset.train.images;
    const mean = pixels.reduce((sum, byte) => sum + byte / 255, 0) / pixels.length;
    const variance = pixels.reduce((sum, byte) => sum + (byte / 255 - mean) ** 2, 0) / pixels.length;
    expect(mean).toBeCloseTo(dataset.mean[0], 2);
    expect(Math.sqrt(variance)).toBeCloseTo(dataset.std[0], 2);
    const limited = await loadMnist(undefined, { parts: ['train'], limit: { train: 5 } });
    expect(limited.train.images).toEqual(dataset.train.images.subarray(0, 5 * 784));
    expect(limited.test.count).toBe(0);
  });
});

describe('CIFAR', () => {
  const images = (file: number) => randomBytes(2 * 3072, file);
  const batch = (file: number) => cifarFile([[file], [9 - file]], images(file));

  it.each(['', 'cifar-10-batches-bin'])('loadCifar10 reads six files in DIR/%s, in order', async (place) => {
    for (let file = 1; file <= 5; file++) put(join(place, `data_batch_${file}.bin`), batch(file));
    put(join(place, 'test_batch.bin'), batch(6));
    const { train, test } = await loadCifar10(dir);
    expect(train.count).toBe(10);
    expect([...train.labels]).toEqual([1, 8, 2, 7, 3, 6, 4, 5, 5, 4]);
    expect([...train.images]).toEqual([1, 2, 3, 4, 5].flatMap((file) => [...images(file)]));
    expect([...test.labels]).toEqual([6, 3]);
    expect([...test.images]).toEqual([...images(6)]);
  });

  it('loadCifar10 does not need the files beyond a limit', async () => {
    for (let file = 1; file <= 2; file++) put(`data_batch_${file}.bin`, batch(file));
    const load = (train: number) => loadCifar10(dir, { parts: ['train'], limit: { train } });
    expect([...(await load(3)).train.labels]).toEqual([1, 8, 2]);
    expect([...(await load(4)).train.labels]).toEqual([1, 8, 2, 7]);
    expect(await refusal(load(5))).toBe(
      `cifar10: expected data_batch_3.bin in ${dir} or ${dir}/cifar-10-batches-bin, found it in neither`,
    );
  });

  it('names the file that is cut', async () => {
    put('data_batch_1.bin', batch(1));
    put('data_batch_2.bin', batch(2).subarray(1));
    expect(await refusal(loadCifar10(dir))).toContain(
      `${dir}/data_batch_2.bin: expected whole records of 3073 bytes (1 of labels, 3072 of image), got 6145 bytes`,
    );
  });

  it.each(['', 'cifar-100-binary'])('loadCifar100 reads two files in DIR/%s', async (place) => {
    put(
      join(place, 'train.bin'),
      cifarFile(
        [
          [19, 99],
          [3, 7],
        ],
        images(1),
      ),
    );
    put(join(place, 'test.bin'), cifarFile([[4, 50]], images(2)));
    const { train, test, classes } = await loadCifar100(dir);
    expect([...train.labels, ...test.labels, classes]).toEqual([99, 7, 50, 100]);
    expect([...test.images]).toEqual([...images(2).subarray(0, 3072)]);
  });

  it('loadDataset finds a loader by name, in any case and with hyphens', async () => {
    put('test.bin', cifarFile([[4, 50]], images(2)));
    const dataset = await loadDataset('CIFAR-100', { dir, parts: ['test'] });
    expect([dataset.name, dataset.test.count]).toEqual(['cifar100', 1]);
  });

  it('loadDataset lists the names it knows, and asks for a folder', async () => {
    expect(await refusal(loadDataset('svhn'))).toBe(
      'data set: expected one of mnist, cifar10, cifar100, tinyimagenet, imagenet, folder, got svhn',
    );
    expect(await refusal(loadDataset('toString'))).toContain('got toString');
    vi.stubEnv('XDG_CACHE_HOME', dir);
    vi.stubEnv('SHUFFLEBLOCK_DATA', '');
    expect(await refusal(loadDataset('cifar10'))).toMatch(
      /^cifar10: expected a folder .*, got none; pass --data_dir DIR or put it in data\/cifar10; shuffleblock data fetch cifar10 /,
    );
    put('shuffleblock-data/cifar-10-batches-bin/test_batch.bin', batch(6));
    const { test, source } = await loadDataset('cifar10', { parts: ['test'] });
    expect([test.count, source]).toEqual([2, `${dir}/shuffleblock-data/cifar-10-batches-bin`]);
    // The nearer folder comes first, if there are files in it.
    vi.stubEnv('SHUFFLEBLOCK_DATA', join(dir, 'mine'));
    mkdirSync(join(dir, 'mine', 'cifar10'), { recursive: true });
    const other = () => loadDataset('cifar10', { parts: ['test'] });
    expect((await other()).source).toBe(source);
    put('mine/cifar10/test_batch.bin', batch(7));
    expect((await other()).source).toBe(`${dir}/mine/cifar10`);
  });
});
