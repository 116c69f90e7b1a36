// campaign --dry-run: the runs of a plan, what each would take, and all of them together.

import { Estimates } from './estimate.mjs';
import { markdown, rowsOf, si, significant } from './table.mjs';

/** @param gflops rate, in thousand million operations a second, on which times rest. */
export async function dryRun(plan, engine, gflops) {
  const estimates = new Estimates(engine);
  const duration = (seconds) => (Number.isNaN(seconds) ? '?' : engine.formatDuration(seconds));
  console.log(`${plan.name}: ${plan.about}\n`);
  const rows = [];
  let total = 0;
  for (const { runs, variant } of rowsOf(plan)) {
    const [first] = runs;
    const estimate = await estimates.of(first);
    const seconds = costOf(first, estimate) / (gflops * 1e9);
    total += runs.length * seconds;
    rows.push([
      variant === '' ? first.label : `${first.label}, ${variant}`,
      runs.map(({ config: { seed } }) => seed).join(', '),
      Number.isNaN(estimate.steps) ? '?' : `${estimate.steps}`,
      estimate.weights.toLocaleString('en'),
      si(estimate.active),
      Number.isNaN(estimate.steps) ? '?' : si(estimate.trainingFlops),
      `${significant((100 * estimate.active) / estimate.dense)}%`,
      duration(seconds),
    ]);
  }
  const head = [
    'run',
    'seeds',
    'steps',
    'kept weights',
    'FLOPs an image',
    'FLOPs of training',
    'of dense',
    'time of each',
  ];
  console.log(markdown(head, rows));
  console.log(
    `\n${plan.runs.length} runs, ${duration(total)} at ${gflops} GFLOP/s (--gflops): counted are convolutions and linear layers, ` +
      'all weights where single ones are pruned. Small networks take longer, since launching their kernels does; evaluation comes on top.',
  );
}

/** Operations that are done: single weights cost what dense ones do. */
function costOf({ config: { method } }, { trainingFlops, denseTrainingFlops }) {
  return method === 'set' || method === 'rigl' ? denseTrainingFlops : trainingFlops;
}
