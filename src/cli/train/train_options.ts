// The flags of `train`. The original program's keep their meaning. What they make: train_config.ts.

import type { Command } from 'commander';
import { type AdapterChoice, InputError } from '../../device/index.js';
import { MODEL_NAMES } from '../../models/index.js';
import { GROWTH_NAMES, LR_SCHEDULE_NAMES, OPTIMIZER_NAMES, PRECISIONS, type RunConfig } from '../../train/index.js';
import { portNumber } from '../dashboard_command.js';
import { addDataOptions, addImageSizeOption, DATASETS_HELP, type DataFlags } from '../data/data_options.js';
import {
  addAdapterOption,
  choice,
  list,
  type MatrixUnitsFlag,
  matrixUnitsOption,
  number,
  numbers,
} from '../options.js';
import { type AutotuneFlag, autotuneOption } from './autotune.js';
import { addLayerRule } from './layer_flag.js';

/** What commander makes of the command line: only flags that were given are there. */
export interface TrainFlags extends DataFlags {
  readonly model?: string;
  readonly dataSet?: string;
  readonly method?: RunConfig['method'];
  readonly sparsity?: number;
  readonly blockSize?: number;
  readonly staticUpdate?: boolean;
  readonly distribution?: RunConfig['distribution'];
  readonly erkPowerScale?: number;
  readonly denseLayers?: string[];
  readonly layer?: RunConfig['layers'];
  readonly compat?: 'original';
  readonly dropRule?: RunConfig['dropRule'];
  readonly growth?: RunConfig['growth'];
  readonly growthSteps?: number;
  readonly T?: number;
  readonly TBegin?: number;
  readonly TEnd?: number;
  readonly updateSchedule?: RunConfig['updateSchedule'];
  readonly alpha?: number;
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly lr?: number;
  readonly lrSchedule?: RunConfig['lrSchedule'];
  readonly milestones?: number[];
  readonly gamma?: number;
  readonly warmupEpochs?: number;
  readonly optimizer?: RunConfig['optimizer'];
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly betas?: number[];
  readonly epsilon?: number;
  readonly weightDecay?: number;
  readonly labelSmoothing?: number;
  readonly microBatch?: number;
  readonly precision?: RunConfig['precision'];
  readonly recompute?: boolean;
  readonly ema?: number;
  readonly dropout?: number;
  readonly convBias?: boolean;
  readonly augment?: RunConfig['augment'];
  readonly shuffle: boolean;
  readonly seed?: number;
  readonly validation?: number;
  readonly limitTrain?: number;
  readonly limitTest?: number;
  readonly maxSteps?: number;
  readonly logEvery?: number;
  readonly out?: string;
  readonly init?: string;
  readonly resume?: string;
  readonly checkpointEvery?: number;
  readonly record: boolean;
  readonly profile?: number;
  readonly trace?: string;
  /** `true`: at the usual port. */
  readonly dashboard?: number | true;
  readonly autotune: AutotuneFlag;
  readonly matrixUnits?: MatrixUnitsFlag;
  readonly adapter: AdapterChoice;
}

/** Declares the flags. Defaults that depend on the data set are not commander's but those of `defaultConfig`. */
export function addTrainOptions(command: Command): Command {
  command
    .optionsGroup('What to train:')
    .option(
      '--model <name>',
      `network (default: mnist lenet5, cifar wrn-22-2, imagenet ResNet-50): ${MODEL_NAMES.join(', ')}`,
    )
    .option('--data-set <name>', DATASETS_HELP);
  addImageSizeOption(addDataOptions(command))
    .option(
      '--init <file>',
      'start from a state dict with PyTorch names (*.weight_mask become tables), a checkpoint, a bundle or an ONNX file',
    )
    .option('--out <dir>', 'run folder, new or empty (default: runs/NAME-TIME)')
    .option('--resume <dir>', 'go on with the run of this folder, with its settings')
    .optionsGroup('Sparsity:')
    .addOption(choice('--method <name>', 'training method (default: dsb)', ['dsb', 'ssb', 'rigl', 'set', 'dense']))
    .option('--sparsity <s>', 'share of weights to prune, in [0, 1) (default: 0.9)', number('--sparsity'))
    .option('--block-size <b>', 'size of blocks; 0 means --method rigl (default: 16)', number('--block-size'))
    .option('--static-update <y>', 'y means --method ssb, n updates every T steps', yesOrNo)
    .addOption(
      choice('--distribution <name>', 'how density is spread over layers (default: erk)', ['erk', 'er', 'uniform']),
    )
    .option(
      '--erk-power-scale <p>',
      'exponent of that spread: below 1 evens it out (default: 1)',
      number('--erk-power-scale'),
    )
    .option('--dense-layers <names>', 'layers that stay dense, separated by commas; * stands for any text', list)
    .option(
      '--layer <rule>',
      "'PATTERN:density=0.5,block_size=8,method=dense' for layers by name; repeatable",
      addLayerRule,
    )
    .addOption(choice('--compat <program>', 'do as the original program does where results depend on it', ['original']))
    .option('--T <n>', 'steps between topology updates (default: 100; mnist: 25; imagenet: 800)', number('--T'))
    .option('--T-begin <n>', 'no topology updates before this step (default: 0)', number('--T_begin'))
    .option(
      '--T-end <n>',
      'no topology updates from this step on (default: three quarters of the run)',
      number('--T_end'),
    )
    .option(
      '--alpha <f>',
      'share of active weights that may be dropped at the first update (default: 0.3)',
      number('--alpha'),
    )
    .addOption(
      choice('--update-schedule <name>', 'how that share falls (default: cosine)', [
        'cosine',
        'constant',
        'inverse-power',
      ]),
    )
    .addOption(
      choice('--drop-rule <name>', 'what DSB drops (default: block-norm; mnist: column-norm)', [
        'block-norm',
        'column-norm',
        'original',
      ]),
    )
    .addOption(choice('--growth <where>', 'where weights grow (default: as the method does)', GROWTH_NAMES))
    .option(
      '--growth-steps <n>',
      'steps before an update whose gradients count for growth (default: 1; momentum: 10)',
      number('--growth-steps'),
    )
    .optionsGroup('Training:')
    .option(
      '--epochs <n>',
      'passes over the training images (default: 160; mnist: 3; imagenet: 105)',
      number('--epochs'),
    )
    .option('--batch-size <n>', 'images a step (default: 128; mnist: 64; imagenet: 256)', number('--batch-size'))
    .option(
      '--micro-batch <n>',
      'most images at once; gradients of a step are summed (default: all)',
      number('--micro-batch'),
    )
    .addOption(
      choice('--precision <type>', 'of activations and gradients; f16 needs shader-f16 (default: f32)', PRECISIONS),
    )
    .option('--recompute', 'keep less for the backward pass and compute it again: less memory, same results')
    .option(
      '--lr <f>',
      'learning rate (default: 0.1; mnist: 0.05; imagenet: falls with batches below 256; adamw: 0.001)',
      number('--lr'),
    )
    .addOption(choice('--lr-schedule <name>', 'how it falls, by epoch (default: multistep)', LR_SCHEDULE_NAMES))
    .option(
      '--milestones <epochs>',
      'epochs at which it is multiplied by gamma (default: 1/2 and 3/4 of them; imagenet: 30,70,90)',
      numbers('--milestones'),
    )
    .option('--gamma <f>', 'factor at milestones (default: 0.1)', number('--gamma'))
    .option(
      '--warmup-epochs <n>',
      'first epochs, in which it rises linearly (default: 0; imagenet: 5)',
      number('--warmup-epochs'),
    )
    .addOption(choice('--optimizer <name>', 'default: sgd', OPTIMIZER_NAMES))
    .option('--momentum <f>', 'of SGD (default: 0.9)', number('--momentum'))
    .option('--nesterov', "Nesterov's momentum")
    .option('--betas <list>', 'decay of the two moments of AdamW (default: 0.9,0.999)', numbers('--betas'))
    .option('--epsilon <f>', 'of AdamW (default: 1e-8)', number('--epsilon'))
    .option(
      '--weight-decay <f>',
      'L2 penalty; decoupled in AdamW (default: 1e-4; adamw: 0.01)',
      number('--weight-decay'),
    )
    .option('--ema <d>', 'evaluate an average of the weights that decays by this factor a step', number('--ema'))
    .option('--label-smoothing <f>', 'in [0, 1) (default: 0; imagenet: 0.1)', number('--label-smoothing'))
    .option('--dropout <p>', "probability, for networks with dropout (default: the network's own)", number('--dropout'))
    .option('--conv-bias', 'biases of convolutions that a BatchNorm follows')
    .addOption(
      choice('--augment <how>', 'random crops and flips (default: standard; mnist: none)', ['none', 'standard']),
    )
    .option('--no-shuffle', 'images in the order of their files')
    .option('--seed <n>', 'of parameters, order, augmentation, dropout (default: 0)', number('--seed'))
    .option(
      '--validation <n>',
      'hold out N training images and choose the best checkpoint on them (default: on the test images)',
      number('--validation'),
    )
    .optionsGroup('Shorter runs, logs:')
    .option('--max-steps <n>', 'end after so many steps', number('--max-steps'))
    .option('--limit-train <n>', 'only the first N training images', number('--limit-train'))
    .option('--limit-test <n>', 'only the first N test images', number('--limit-test'))
    .option('--log-every <n>', 'steps between step lines of metrics.jsonl (default: 10)', number('--log-every'))
    .option(
      '--checkpoint-every <n>',
      'steps between saves within an epoch (default: ten minutes)',
      number('--checkpoint-every'),
    )
    .option(
      '--dashboard [port]',
      'show the run, and those beside it, in a browser while it trains (default: 6060, or a free port)',
      portNumber('--dashboard'),
    )
    .optionsGroup('Device:')
    .option('--profile <n>', 'time N steps, by layer and kernel, instead of training', number('--profile'))
    .option('--trace <file>', "with --profile: write the last step in Chrome's trace format")
    .option('--no-record', 'run the commands of every step as they come: same results, slower, more memory')
    .addOption(autotuneOption())
    .addOption(matrixUnitsOption());
  return addAdapterOption(command);
}

function yesOrNo(text: string): boolean {
  if (/^(y|yes|true|1)$/i.test(text)) return true;
  if (/^(n|no|false|0)$/i.test(text)) return false;
  throw new InputError(`--static-update: expected y or n, got '${text}'`);
}
