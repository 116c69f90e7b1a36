// Would a race be noticed? Takes the barriers out of the kernels of a folder, one at a time, and runs tests of theirs, cut as for a GPU, on the
// lavapipe of scripts/lavapipe.patch (see CONTRIBUTING.md), in several orders until one fails:
//   node scripts/barriers.mjs src/shaders/top_k test/shaders/top_k.test.ts
// The files are as they were afterwards.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BARRIER = /workgroupBarrier\(\);/g;
const ORDERS = ['2', '1', '3'];

const [folder, ...tests] = process.argv.slice(2);
if (!folder || tests.length === 0) {
  console.error('barriers: expected a folder of kernels and test files, got too few arguments');
  process.exit(2);
}
runTests('0', 'tests fail as the kernels are');
for (const name of readdirSync(folder).filter((name) => name.endsWith('.wgsl'))) {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  for (const { index, 0: barrier } of text.matchAll(BARRIER)) {
    writeFileSync(path, text.slice(0, index) + text.slice(index + barrier.length));
    try {
      const order = ORDERS.find((order) => !runTests(order));
      const line = text.slice(0, index).split('\n').length;
      console.log(`${path}:${line}: ${order ? `noticed in order ${order}` : 'not noticed'}`);
    } finally {
      writeFileSync(path, text);
    }
  }
}

/** Whether all pass. @param refusal ends the program if not. */
function runTests(order, refusal) {
  const env = { ...process.env, LP_SUBGROUP_ORDER: order, MESA_SHADER_CACHE_DISABLE: 'true' };
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'as_gpu', '--bail', '1', ...tests], { env });
  if (status !== 0 && refusal) throw new Error(`barriers: ${refusal}: ${tests.join(' ')}`);
  return status === 0;
}
