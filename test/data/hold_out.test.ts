// Held-out images: which they are, and that both parts together are the whole.
import { describe, expect, it } from 'vitest';
import { BrokenImages } from '../../src/data/images/broken_images.js';
import { DecodedSplit } from '../../src/data/images/decoded_split.js';
import { type AnySplit, holdOut, type ImageSplit } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';

const COUNT = 100;
const SIZE = 2;

/** The bytes and the label of an image say which one it is. */
const resident: ImageSplit = {
  images: Uint8Array.from({ length: COUNT * 6 }, (_, i) => Math.floor(i / 6)),
  labels: Uint16Array.from({ length: COUNT }, (_, i) => 1000 + i),
  count: COUNT,
};

/** The same images, decoded when they are asked for. */
const streamed = new DecodedSplit(
  {
    where: 'folder',
    labels: Array.from(resident.labels),
    name: (image) => `${image}.jpg`,
    decode: async (image) => new Uint8Array(3 * SIZE * SIZE).fill(image),
  },
  { size: SIZE, resize: SIZE },
  new BrokenImages('stop', () => {}, 'nothing'),
);

const chosen = ({ labels }: AnySplit) => Array.from(labels, (label) => label - 1000);

describe.each<[string, AnySplit]>([
  ['images in memory', resident],
  ['images that are streamed', streamed],
])('of %s', (_, split) => {
  it.each([1, 30, COUNT - 1])('%i are taken from the others, each part in its order', (count) => {
    const { train, validation } = holdOut(split, count);
    expect([train.count, validation.count]).toEqual([COUNT - count, count]);
    for (const part of [train, validation]) expect(chosen(part)).toEqual(chosen(part).toSorted((a, b) => a - b));
    expect(new Set([...chosen(train), ...chosen(validation)]).size).toBe(COUNT);
    expect(train.labels).toBeInstanceOf(Uint16Array);
  });

  it('they are the same whenever they are asked for, and here and there', () => {
    const { validation } = holdOut(split, 8);
    expect(chosen(validation)).toEqual(chosen(holdOut(split, 8).validation));
    // Runs of other versions were evaluated on these.
    expect(chosen(validation)).toEqual([0, 2, 15, 24, 76, 79, 89, 94]);
  });

  it('are among those of a larger number', () => {
    const more = new Set(chosen(holdOut(split, 20).validation));
    expect(chosen(holdOut(split, 10).validation).filter((image) => !more.has(image))).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN, COUNT, COUNT + 1])('refuses %d', (count) => {
    expect(() => holdOut(split, count)).toThrow(
      new InputError(
        `validation: expected a positive whole number below 100, the number of training images, got ${count}`,
      ),
    );
  });
});

it('bytes in memory stay with their labels', () => {
  for (const part of Object.values(holdOut(resident, 30))) {
    expect([...part.images]).toEqual(chosen(part).flatMap((image) => new Array(6).fill(image)));
  }
  expect(resident.images[0]).toBe(0);
});

it('streamed images stay with their labels, also where parts are taken of parts', async () => {
  const { train, validation } = holdOut(streamed, 30);
  for (const part of [train, validation, holdOut(train, 20).validation]) {
    const target = new Uint8Array(3 * SIZE * SIZE);
    for (const [place, image] of chosen(part).entries()) {
      expect(await part.read(place, target)).toBe(true);
      expect(target[0]).toBe(image);
    }
  }
});

it('a picked image is asked for under its own number, with the view that is wanted', async () => {
  const asked: unknown[] = [];
  const files = {
    where: 'folder',
    labels: [0, 1, 2, 3],
    name: (image: number) => `${image}.jpg`,
    decode: async (image: number, view: object) => {
      asked.push([image, view]);
      return new Uint8Array(12);
    },
  };
  const split = new DecodedSplit(files, { size: 2, resize: 3 }, new BrokenImages('stop', () => {}, ''));
  await split.pick(Uint32Array.of(3, 1)).read(0, new Uint8Array(12), 7);
  expect(asked).toEqual([[3, { size: 2, resize: 3, cropSeed: 7 }]]);
});
