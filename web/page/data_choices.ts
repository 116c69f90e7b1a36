// What can be trained on: the digits of the page, and sets that the visitor has as files; and the networks that suit each.

export interface DataChoice {
  readonly label: string;
  /** Of `datasetInfo`. */
  readonly dataSet: string;
  /** Which files to choose; none where the page has the data. */
  readonly files?: string;
  /** Networks to choose from, the usual one first. */
  readonly models: readonly string[];
}

const DIGIT_MODELS = ['lenet5', 'lenet300-100', 'wrn-10-1', 'wrn-16-1'];
const PHOTO_MODELS = ['wrn-22-2', 'wrn-16-2', 'wrn-10-1', 'vgg-like', 'vgg-d', 'alexnet-s', 'ResNet-18', 'mlp-cifar10'];

export const DATA_CHOICES: Readonly<Record<string, DataChoice>> = {
  digits: { label: '10,000 digits (built in)', dataSet: 'mnist', models: DIGIT_MODELS },
  mnist: {
    label: 'MNIST, from your files',
    dataSet: 'mnist',
    files: 'The four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-… and t10k-….',
    models: DIGIT_MODELS,
  },
  cifar10: {
    label: 'CIFAR-10, from your file',
    dataSet: 'cifar10',
    files: 'cifar-10-binary.tar.gz, or the six .bin files in it.',
    models: PHOTO_MODELS,
  },
  cifar100: {
    label: 'CIFAR-100, from your file',
    dataSet: 'cifar100',
    files: 'cifar-100-binary.tar.gz, or the two .bin files in it.',
    models: PHOTO_MODELS,
  },
};
