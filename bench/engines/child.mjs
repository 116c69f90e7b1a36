// One engine in its own process, since each brings its own idea of the globals. The parent asks; only one engine works at a time.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { TASKS } from '../tasks.mjs';
import { installWebGpu } from './node_gpu.mjs';

const name = process.argv[2];
// Ours finds the adapter by itself, as its users have it, and says which it is.
const installed = name === 'shuffleblock' ? undefined : await installWebGpu();
const engine = await import(`./${name}.mjs`);
const adapter = (await engine.open()) ?? installed;
let current;

/**
 * Processor time so far of all threads but JavaScript's, spread over the cores: the time that a software adapter would need on an idle
 * machine. 0 where the system is not Linux.
 */
function adapterBusyMs() {
  if (process.platform !== 'linux') return 0;
  let total = 0;
  for (const thread of readdirSync('/proc/self/task')) {
    if (Number(thread) !== process.pid) total += Number(readThread(thread).split(' ')[0]) / 1e6;
  }
  return total / availableParallelism();
}

function readThread(thread) {
  try {
    return readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8');
  } catch {
    return '0'; // It has ended.
  }
}

/** Whatever an engine must do before so many repetitions can be timed, if anything. */
let arranged;
async function arrange(repetitions) {
  if (arranged?.of === current && arranged.repetitions === repetitions) return;
  await current.arrange?.(repetitions);
  arranged = { of: current, repetitions };
}

const handlers = {
  /** Compiles, and returns what is equal for all engines whatever their layout: the root mean square of each result, or losses. */
  async prepare({ task }) {
    current?.dispose();
    current = engine.prepare(TASKS[task]);
    if (TASKS[task].kind === 'step') {
      const sizes = await current.losses();
      await arrange(1);
      await engine.run(current, 1);
      return { sizes };
    }
    const results = await engine.results(current);
    await engine.run(current, 1);
    const sizes = results.map((values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length));
    return { sizes: TASKS[task].backward ? sizes.slice(0, 2) : sizes };
  },
  async time({ repetitions }) {
    await arrange(repetitions);
    const busy = adapterBusyMs();
    const start = performance.now();
    await engine.run(current, repetitions);
    return { ms: (performance.now() - start) / repetitions, busyMs: (adapterBusyMs() - busy) / repetitions };
  },
  quit() {
    process.exit(0);
  },
};

process.on('message', async (message) => {
  try {
    process.send({ result: await handlers[message.type](message) });
  } catch (error) {
    process.send({ error: `${name}: ${error.stack ?? error}` });
  }
});
process.send({ result: { adapter } });
