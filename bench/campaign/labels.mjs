// Names and order of what a campaign compares, the same in tables and charts.

const LABELS = {
  dense: 'dense',
  set: 'SET',
  rigl: 'RigL',
  ssb: 'SSB',
  'dsb column-norm': 'DSB, column-norm',
  'dsb block-norm': 'DSB, block-norm',
  'dsb original': 'DSB, original',
};
const DATA_SETS = {
  mnist: 'MNIST',
  cifar10: 'CIFAR-10',
  cifar100: 'CIFAR-100',
  tinyimagenet: 'Tiny-ImageNet',
  imagenet: 'ImageNet',
};
/** Flags that have a place of their own in tables and charts. */
const SHOWN = ['data-set', 'model', 'method', 'sparsity', 'block-size', 'drop-rule', 'seed'];

/** In which methods are listed. */
export const METHOD_LABELS = Object.values(LABELS);

export function methodLabel({ method, dropRule }) {
  return LABELS[method === 'dsb' ? `${method} ${dropRule}` : method];
}

/** `lenet5 on MNIST`. */
export function networkLabel({ model, dataSet }) {
  return `${model} on ${DATA_SETS[dataSet] ?? dataSet}`;
}

/** What accuracies of these rows of the table are called, by the images that their runs are evaluated on. */
export function accuracyLabel(rows) {
  const images = new Set(rows.flatMap(({ runs }) => runs.map(({ evaluatedOn }) => evaluatedOn)));
  return `${[...images].join(' or ')} accuracy`;
}

/**
 * What else tells settings of one network apart, for example `T 50`: the flags that not all runs of it have alike.
 * @returns for each setting a text, mostly empty.
 */
export function variantLabels(settings) {
  const flagsOf = ({ runs: [{ flags }] }) => flags;
  const keys = new Set(settings.flatMap((setting) => Object.keys(flagsOf(setting))));
  const varying = [...keys].filter(
    (key) => !SHOWN.includes(key) && new Set(settings.map((setting) => flagsOf(setting)[key])).size > 1,
  );
  return settings.map((setting) => varying.map((key) => `${key} ${flagsOf(setting)[key] ?? 'as usual'}`).join(', '));
}
