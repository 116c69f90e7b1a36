// Every command of the command line with its flags; docs/cli.md describes them, and test/docs holds it to that.

import { Command } from 'commander';
import { addBatteryCommand } from './battery/battery_command.js';
import { addBenchCommand } from './bench/bench_command.js';
import { addDashboardCommand } from './dashboard_command.js';
import { addDataCommand } from './data/data_command.js';
import { addDataOptions } from './data/data_options.js';
import { evalCommand } from './eval_command.js';
import { addExportCommand } from './export_command.js';
import { infoCommand } from './info_command.js';
import { addModelInput } from './model_input.js';
import { addAdapterOption, number } from './options.js';
import { trainCommand } from './train/train_command.js';
import { addTrainOptions } from './train/train_options.js';
import { packageVersion } from './version.js';

export function program(): Command {
  const root = new Command('shuffleblock')
    .description('Dynamic sparse training with shuffled blocks, on WebGPU.')
    .version(packageVersion())
    // Before any command is added: commands inherit both.
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(errorLine(text)) });
  addTrainOptions(root.command('train'))
    .description('Train a network. Without flags: lenet5 on 10,000 digits with DSB at 0.9 sparsity, in minutes.')
    .addHelpText('after', '\nFlags may also be written with underscores: --data_set, --block_size, --T_end.')
    .action(trainCommand);
  const evaluation = addDataOptions(addModelInput(root.command('eval')))
    .description('Loss and accuracy of a model on the test images.')
    .option('--batch-size <n>', 'images at once (default: 128)', number('--batch-size'))
    .option('--limit-test <n>', 'only the first N test images', number('--limit-test'))
    .option('--json', 'one line of JSON');
  addAdapterOption(evaluation).action(evalCommand);
  addAdapterOption(root.command('info').description('Adapter, features, limits; known models, data sets, methods.'))
    .option('--json', 'everything as JSON')
    .action(infoCommand);
  addDashboardCommand(root);
  addDataCommand(root);
  addExportCommand(root);
  addBenchCommand(root);
  addBatteryCommand(root);
  return root;
}

/** Commander's message, which begins with `error: ` and may suggest a flag on a second line, on one line. */
function errorLine(text: string): string {
  const message = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  return `shuffleblock: ${message}; --help lists what there is\n`;
}
