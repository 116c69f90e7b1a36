// Times training steps in several builds of this repository, in turns, so that what else the machine does hits all alike: what a change
// gained as a whole. Medians of rounds, ms a step.
//   node bench/compare_steps.mjs [--model wrn-22-2] [--methods dense,ssb] [--precision f32] [--seconds 60] DIST DIST ...
// A build of another commit: git worktree add DIR COMMIT; cd DIR; npm ci; its DIR/dist.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals: builds } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'wrn-22-2' },
    methods: { type: 'string', default: 'dense,ssb' },
    precision: { type: 'string', default: 'f32' },
    seconds: { type: 'string', default: '60' },
  },
});
if (builds.length < 2) {
  console.error(`compare_steps: expected at least two dist folders, got ${builds.length}`);
  process.exit(2);
}

const STEPS = 2;
const asked = { methods: options.methods.split(','), precisions: [options.precision] };
const trainings = [];
for (const build of builds) {
  const load = (path) => import(resolve(build, path));
  const { openDevice } = await load('index.node.js');
  const { stepVariants } = await load('cli/bench/step_variants.js');
  const { StepTraining } = await load('cli/bench/step_training.js');
  const device = await openDevice({ warn: () => {} });
  for (const variant of stepVariants(options.model, asked)) {
    const training = await StepTraining.begin(device, variant, { steps: STEPS, record: true });
    await training.warmUp();
    trainings.push({ build, method: variant.config.method, training });
  }
}
const { inTurns, median } = await import(resolve(builds[0], 'cli/bench/timing.js'));
const plain = trainings.map(({ training }) => training.measurements[0]);
const samples = await inTurns(plain, { deadline: performance.now() + Number(options.seconds) * 1000 });

console.log(`| ${options.model} | ${builds.join(' | ')} |\n| --- | ${builds.map(() => '---').join(' | ')} |`);
for (const method of asked.methods) {
  const ms = builds.map((build) => {
    const at = trainings.findIndex((training) => training.build === build && training.method === method);
    return median(samples[at]) / STEPS;
  });
  const cells = ms.map((own, i) => `${own.toFixed(1)}${i === 0 ? '' : ` (${(ms[0] / own).toFixed(2)}x)`}`);
  console.log(`| ${method} | ${cells.join(' | ')} |`);
}
process.exit();
