// The command line. Bad input ends with one line on stderr and exit code 2, an interrupted run with 130 (143 on SIGTERM).

import '../device/dawn/gpu_provider.node.js';
import '../shaders/matrix_units/use_matrix_units.node.js';
import { CommanderError } from 'commander';
import { DeviceMemoryError, InputError } from '../device/index.js';
import { InterruptedError } from './interrupt.js';
import { kebabFlags } from './options.js';
import { program } from './program.js';

async function main(): Promise<number> {
  try {
    await program().parseAsync(kebabFlags(process.argv.slice(2)), { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already written its message or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof InputError || error instanceof DeviceMemoryError) {
      console.error(`shuffleblock: ${error.message}`);
      return 2;
    }
    if (error instanceof InterruptedError) {
      console.error(error.message);
      return error.exitCode;
    }
    console.error(error);
    return 1;
  }
}

// A reader that goes away (`| head`) ends neither a training nor the process with a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await main();
