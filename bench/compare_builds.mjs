// Times the passes of layers in several builds of this repository, in turns, so that what else the machine does hits all alike: what a change
// to a kernel gained. The layers are those of src/cli/bench/layers.json.
//   node bench/compare_builds.mjs [--layers net2-3x3-64-64,conv2-3x3-128-128] [--sparsity 0.5,0.9] [--block-size 16] [--seconds 8] DIST DIST ...
// A build of another commit: git worktree add DIR COMMIT; cd DIR; npm ci; its DIR/dist.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals: builds } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: 'string', default: 'net2-3x3-64-64-16x16,conv2-3x3-128-128-16x16' },
    sparsity: { type: 'string', default: '0.5,0.9' },
    'block-size': { type: 'string', default: '16' },
    seconds: { type: 'string', default: '8' },
  },
});
if (builds.length < 2) {
  console.error(`compare_builds: expected at least two dist folders, got ${builds.length}`);
  process.exit(2);
}
const numbers = (text) => text.split(',').map(Number);

const engines = [];
for (const build of builds) {
  const load = (path) => import(resolve(build, path));
  const { openDevice } = await load('index.node.js');
  const device = await openDevice({ warn: () => {} });
  engines.push({ device, ...(await load('cli/bench/kernel_variants.js')), ...(await load('cli/bench/layers.js')) });
}
const { inTurns, median, repeatedly } = await import(resolve(builds[0], 'cli/bench/timing.js'));

for (const name of options.layers.split(',')) {
  const measurements = [];
  const rows = [];
  const disposals = [];
  for (const [i, { device, prepareVariants, BENCH_LAYERS }] of engines.entries()) {
    const layer = BENCH_LAYERS.find((layer) => layer.name.includes(name));
    if (!layer) {
      console.error(`compare_builds: expected layers of src/cli/bench/layers.json, got '${name}' (${builds[i]})`);
      process.exit(2);
    }
    const wanted = {
      sparsities: numbers(options.sparsity),
      blockSizes: numbers(options['block-size']),
      precision: 'f32',
      seed: 0,
    };
    const { variants, dispose } = prepareVariants(device, layer, wanted);
    disposals.push(dispose);
    for (const { pass, sparsity, blockSize, run } of variants) {
      measurements.push(await repeatedly(device, run));
      rows.push({ build: i, what: sparsity ? `${sparsity}, blocks of ${blockSize}` : 'dense', pass });
    }
  }
  const samples = await inTurns(measurements, { deadline: performance.now() + Number(options.seconds) * 1000 });
  console.log(`\n| ${name} | pass | ${builds.join(' | ')} |\n| --- | --- | ${builds.map(() => '---').join(' | ')} |`);
  for (const [i, { build, what, pass }] of rows.entries()) {
    if (build !== 0) continue;
    const ms = builds.map((_, b) =>
      median(samples[rows.findIndex((row) => row.build === b && row.what === what && row.pass === rows[i].pass)]),
    );
    const cells = ms.map((own, b) => `${own.toFixed(2)}${b === 0 ? '' : ` (${(ms[0] / own).toFixed(2)}x)`}`);
    console.log(`| ${what} | ${pass} | ${cells.join(' | ')} |`);
  }
  for (const dispose of disposals) dispose();
}
process.exit();
