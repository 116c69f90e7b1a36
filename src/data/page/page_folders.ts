// Which class an image file has by its path, as browsers tell it of files that a user chose in a folder.

import { InputError } from '../../device/index.js';
import type { SplitName } from '../dataset.js';
import { isImageName, parseAnnotations } from '../folders/image_list.js';

export interface LabelledFile {
  readonly file: File;
  readonly className: string;
  /** Default: `train`. */
  readonly part?: SplitName;
  /** For order and messages. Default: the file's. */
  readonly name?: string;
}

export interface FolderLabels {
  readonly labelled: LabelledFile[];
  /** Number of files that are no images by their name, or lie elsewhere. */
  readonly ignored: number;
  /** Images that annotations name and that are not there. */
  readonly missing: string[];
}

/** The chosen folder is `train` or `val`, or has them in it. Tiny-ImageNet puts training images one level deeper. */
const IN_PART = /^(?:[^/]+\/)?(train|val)\/([^/]+)\/(?:images\/)?[^/]+$/;
const IN_CLASS = /(?:^|\/)([^/]+)\/[^/]+$/;
/** Tiny-ImageNet's validation images, and the list of their classes. */
const ANNOTATED = /^(?:[^/]+\/)?val\/images\/([^/]+)$/;
const ANNOTATIONS = /^(?:[^/]+\/)?val\/val_annotations\.txt$/;
/** The official list has 300 KB. */
const MOST_LIST_BYTES = 2 ** 26;

/**
 * Reads the layouts of `imagesFromFiles` out of the files' paths.
 * @throws InputError if annotations are damaged.
 */
export async function labelByFolder(files: readonly File[]): Promise<FolderLabels> {
  const list = files.find((file) => ANNOTATIONS.test(pathOf(file)));
  const annotations = list && (await readAnnotations(list));
  const hasParts = files.some((file) => IN_PART.test(pathOf(file)));
  const labelled = files.flatMap((file): LabelledFile[] => {
    const name = pathOf(file);
    const label = hasParts ? labelInPart(name, annotations) : { className: IN_CLASS.exec(name)?.[1] };
    const { className } = label;
    return className !== undefined && isImageName(name) ? [{ file, name, ...label, className }] : [];
  });
  const missing = Array.from(annotations?.keys() ?? [], (name) => `val/images/${name}`);
  return { labelled, ignored: files.length - labelled.length, missing };
}

function pathOf(file: File): string {
  const { webkitRelativePath } = file as { webkitRelativePath?: string };
  return webkitRelativePath || file.name;
}

/** Annotations are taken out as their images are found. */
function labelInPart(path: string, annotations?: Map<string, string>): { className?: string; part: SplitName } {
  const [, folder, className] = IN_PART.exec(path) ?? [];
  if (folder === 'train') return { className, part: 'train' };
  if (!annotations) return { className, part: 'test' };
  const [, name = ''] = ANNOTATED.exec(path) ?? [];
  const annotated = annotations.get(name);
  annotations.delete(name);
  return { className: annotated, part: 'test' };
}

async function readAnnotations(file: File): Promise<Map<string, string>> {
  const where = pathOf(file);
  if (file.size > MOST_LIST_BYTES) {
    throw new InputError(`${where}: expected a list of at most ${MOST_LIST_BYTES} bytes, got ${file.size}`);
  }
  return new Map(parseAnnotations(await file.text(), where).map(({ name, className }) => [name, className]));
}
