// Which image files a folder holds, and of which classes: official layouts of ImageNet-2012 and Tiny-ImageNet-200, and any folder with
// a folder per class in `train` and `val`.

import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../device/index.js';
import {
  type Annotation,
  checkClassCount,
  type ImageList,
  interleave,
  isImageName,
  parseAnnotations,
} from './image_list.js';

export interface FolderIndex {
  /** In alphabetical order; a label is a position in it. */
  readonly classes: readonly string[];
  /** Paths are relative to the data set's folder. Not there if its folder is not. */
  readonly train?: ImageList;
  readonly test?: ImageList;
  /** Files that are no images by their name, and images of no known class. */
  readonly ignored: number;
  /** Images that annotations name and that are not there. */
  readonly missing: readonly string[];
  /** When each folder and list that was read last changed (milliseconds), by its path relative to the data set's folder. */
  readonly changed: Readonly<Record<string, number>>;
}

/** Tiny-ImageNet's list of validation images. */
const ANNOTATIONS = join('val', 'val_annotations.txt');

/** @throws InputError where the folders are not laid out as expected, or cannot be read. */
export function buildIndex(dir: string): Promise<FolderIndex> {
  return new IndexBuilder(dir).build();
}

/** Images of one class, or of one list of annotations. */
interface Found {
  readonly path: string;
  readonly label: number;
}

class IndexBuilder {
  private readonly changed: Record<string, number> = {};
  private readonly missing: string[] = [];
  private ignored = 0;

  constructor(private readonly dir: string) {}

  async build(): Promise<FolderIndex> {
    await this.noteChange('.');
    const trainClasses = existsSync(join(this.dir, 'train')) ? await this.classFolders('train') : undefined;
    const isAnnotated = existsSync(join(this.dir, ANNOTATIONS));
    const testClasses = !isAnnotated && existsSync(join(this.dir, 'val')) ? await this.classFolders('val') : undefined;
    const annotations = isAnnotated ? await this.readAnnotations() : undefined;
    const annotated = annotations && [...new Set(annotations.map(({ className }) => className))].sort();
    const classes = trainClasses ?? testClasses ?? annotated ?? [];
    checkClassCount(classes.length, this.dir);
    const train = trainClasses && (await this.imagesOfClasses('train', trainClasses, classes));
    const test = annotations
      ? await this.annotatedImages(annotations, classes)
      : testClasses && (await this.imagesOfClasses('val', testClasses, classes));
    const { changed, missing, ignored } = this;
    return { classes, train, test, ignored, missing, changed };
  }

  private async classFolders(part: string): Promise<string[]> {
    const entries = await this.list(part);
    const names: string[] = [];
    for (const entry of entries) {
      if (await this.isFolder(part, entry)) names.push(entry.name);
      else this.ignored++;
    }
    if (names.length > 0) return names.sort();
    throw new InputError(`${join(this.dir, part)}: expected a folder for each class, got ${entries.length} files`);
  }

  private async imagesOfClasses(
    part: string,
    names: readonly string[],
    classes: readonly string[],
  ): Promise<ImageList> {
    const labels = new Map(classes.map((name, label) => [name, label]));
    const groups: Found[][] = [];
    for (const name of names) {
      const label = labels.get(name);
      if (label === undefined) {
        throw new InputError(
          `${join(this.dir, part, name)}: expected one of the ${classes.length} classes of ${join(this.dir, 'train')}, got another`,
        );
      }
      const folder = join(part, name);
      // Tiny-ImageNet puts them one level deeper.
      const images = join(folder, 'images');
      const own = existsSync(join(this.dir, images)) ? images : folder;
      const paths = (await this.images(own)).map((file) => join(own, file));
      groups.push(paths.map((path) => ({ path, label })));
    }
    return asList(interleave(groups));
  }

  private async readAnnotations(): Promise<Annotation[]> {
    const path = join(this.dir, ANNOTATIONS);
    await this.noteChange(ANNOTATIONS);
    const text = await attempt(path, 'a readable file', readFile(path, 'utf8'));
    return parseAnnotations(text, path);
  }

  private async annotatedImages(annotations: readonly Annotation[], classes: readonly string[]): Promise<ImageList> {
    const folder = join('val', 'images');
    const there = new Set(await this.images(folder));
    const labels = new Map(classes.map((name, label) => [name, label]));
    const groups = classes.map((): Found[] => []);
    for (const { name, className } of annotations) {
      const label = labels.get(className);
      if (label === undefined) {
        throw new InputError(
          `${join(this.dir, ANNOTATIONS)}: ${name}: expected one of the ${classes.length} classes of ${join(this.dir, 'train')}, got ${className}`,
        );
      }
      const path = join(folder, name);
      if (there.delete(name)) groups[label].push({ path, label });
      else this.missing.push(path);
    }
    this.ignored += there.size;
    return asList(interleave(groups));
  }

  /** Names of the image files in a folder, in alphabetical order. */
  private async images(folder: string): Promise<string[]> {
    const entries = await this.list(folder);
    const names: string[] = [];
    for (const entry of entries) {
      const isImage = isImageName(entry.name) && !(await this.isFolder(folder, entry));
      if (isImage) names.push(entry.name);
      else this.ignored++;
    }
    return names.sort();
  }

  private async list(folder: string): Promise<Dirent[]> {
    const path = join(this.dir, folder);
    await this.noteChange(folder);
    const entries = await attempt(path, 'a readable folder', readdir(path, { withFileTypes: true }));
    return entries.filter(({ name }) => !name.startsWith('.'));
  }

  private async noteChange(path: string): Promise<void> {
    const place = join(this.dir, path);
    this.changed[path] = (await attempt(place, 'a folder or list that is there', stat(place))).mtimeMs;
  }

  private async isFolder(parent: string, entry: Dirent): Promise<boolean> {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    return stat(join(this.dir, parent, entry.name)).then(
      (target) => target.isDirectory(),
      () => false,
    );
  }
}

function asList(found: readonly Found[]): ImageList {
  return { paths: found.map(({ path }) => path), labels: found.map(({ label }) => label) };
}

async function attempt<T>(path: string, expected: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new InputError(`${path}: expected ${expected}, got ${(error as Error).message}`);
  }
}
