// The official archives of the data sets that can be fetched: where they are, how long, with which checksum, and what is in them.

import { CIFAR10_FORMAT, CIFAR100_FORMAT } from '../formats/cifar.js';
import { MNIST, MNIST_FILES } from '../formats/mnist.js';

export interface Member {
  /** Of the file, without folders. */
  readonly name: string;
  /** Unpacked. */
  readonly sizeBytes: number;
}

export interface Archive {
  readonly file: string;
  readonly sizeBytes: number;
  /** Of the whole file, 64 hexadecimal digits. */
  readonly sha256: string;
  /** `tar`: a folder of files, packed by gzip; `gzip`: one packed file. */
  readonly kind: 'tar' | 'gzip';
  readonly members: readonly Member[];
}

export interface FetchableSet {
  readonly name: string;
  /** Address of the folder with the archives, with / at its end. */
  readonly url: string;
  /** Where the files lie below the data set's folder, steps separated by /; archives of kind `tar` have the same folder. */
  readonly folder: string;
  readonly archives: readonly Archive[];
}

const TORONTO = 'https://www.cs.toronto.edu/~kriz/';

/** The authors' page (https://www.cs.toronto.edu/~kriz/cifar.html) gives MD5 c32a1d4ab5d03f1284b67883e8d87530 for the same file. */
const CIFAR10_SET: FetchableSet = {
  name: CIFAR10_FORMAT.info.name,
  url: TORONTO,
  folder: CIFAR10_FORMAT.folder,
  archives: [
    {
      file: 'cifar-10-binary.tar.gz',
      sizeBytes: 170_052_171,
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      kind: 'tar',
      members: membersOf(CIFAR10_FORMAT.files, () => 10_000 * 3073),
    },
  ],
};

/** MD5 03b5dce01913d631647c71ecec9e9cb8 on the same page. */
const CIFAR100_SET: FetchableSet = {
  name: CIFAR100_FORMAT.info.name,
  url: TORONTO,
  folder: CIFAR100_FORMAT.folder,
  archives: [
    {
      file: 'cifar-100-binary.tar.gz',
      sizeBytes: 168_513_733,
      sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      kind: 'tar',
      members: membersOf(CIFAR100_FORMAT.files, (name) => (name === 'train.bin' ? 50_000 : 10_000) * 3074),
    },
  ],
};

/** From torchvision's mirror: the authors' page no longer offers the files. */
const MNIST_SET: FetchableSet = {
  name: MNIST.name,
  url: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
  folder: 'MNIST/raw',
  archives: [
    packed(
      MNIST_FILES.train[0],
      9_912_422,
      '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
      47_040_016,
    ),
    packed(MNIST_FILES.train[1], 28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c', 60_008),
    packed(
      MNIST_FILES.test[0],
      1_648_877,
      '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
      7_840_016,
    ),
    packed(MNIST_FILES.test[1], 4542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6', 10_008),
  ],
};

function membersOf(
  files: Readonly<Record<string, readonly string[]>>,
  sizeBytes: (name: string) => number,
): readonly Member[] {
  return Object.values(files)
    .flat()
    .map((name) => ({ name, sizeBytes: sizeBytes(name) }));
}

function packed(name: string, sizeBytes: number, sha256: string, unpackedBytes: number): Archive {
  return { file: `${name}.gz`, sizeBytes, sha256, kind: 'gzip', members: [{ name, sizeBytes: unpackedBytes }] };
}

const SETS: readonly FetchableSet[] = [MNIST_SET, CIFAR10_SET, CIFAR100_SET];

/** The data sets that can be fetched. */
export const FETCHABLE_NAMES: readonly string[] = SETS.map(({ name }) => name);

/** @param name as `DatasetInfo` has it. */
export function fetchableSet(name: string): FetchableSet | undefined {
  return SETS.find((set) => set.name === name);
}
