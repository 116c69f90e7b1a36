// What is common to lists of image files, wherever the files are.

import { InputError } from '../../device/index.js';

export interface ImageList {
  /** The first image of every class, then the second of every class, and so on. */
  readonly paths: readonly string[];
  readonly labels: readonly number[];
}

const MOST_CLASSES = 65536;

/** @throws InputError if there are more classes than labels of 16 bits. */
export function checkClassCount(count: number, where: string): void {
  if (count > MOST_CLASSES) {
    throw new InputError(`${where}: expected at most ${MOST_CLASSES} classes, got ${count}`);
  }
}

/** Whether a file is an image that browsers and sharp decode, by its name. */
export function isImageName(name: string): boolean {
  return /\.(jpe?g|png|webp)$/i.test(name);
}

/** A line of Tiny-ImageNet's `val_annotations.txt`: name, class and four numbers, separated by tabs. */
export interface Annotation {
  readonly name: string;
  readonly className: string;
}

/** @throws InputError naming the first line that is none. */
export function parseAnnotations(text: string, where: string): Annotation[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const [name, className] = line.split('\t');
    if (name && className) return [{ name, className }];
    const got = JSON.stringify(line.slice(0, 40));
    throw new InputError(`${where}: line ${i + 1}: expected a file name, a tab and a class, got ${got}`);
  });
}

/** The first of every group, then the second of every group, ...: any beginning of the list has all classes in like numbers. */
export function interleave<Item>(groups: readonly (readonly Item[])[]): Item[] {
  const longest = groups.reduce((most, group) => Math.max(most, group.length), 0);
  return Array.from({ length: longest }, (_, i) => groups.flatMap((group) => group.slice(i, i + 1))).flat();
}
