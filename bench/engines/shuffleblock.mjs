// Ours, dense: from ../dist, so `npm run build` comes first. Batch innermost.
import { backward, conv2d, matmul, openDevice, Parameter, scope, Tensor } from '../../dist/index.node.js';
import { convolutionShapes } from '../tasks.mjs';
import { permute, values } from '../values.mjs';
import { prepareStep } from './shuffleblock_step.mjs';

const CHWN = [1, 2, 3, 0];
let device;

export async function open() {
  device = await openDevice({ warn: () => {} });
  return String(device.info.adapter.device || device.info.description);
}

export function prepare(task) {
  if (task.kind === 'step') return prepareStep(device);
  if (task.kind === 'matmul') {
    const shape = [task.size, task.size];
    const [a, b] = ['a', 'b'].map((name) => Tensor.from(device, values(name, shape), shape));
    return { compute: () => [matmul(a, b)], dispose: () => [a, b].forEach((tensor) => void tensor.dispose()) };
  }
  const shapes = convolutionShapes(task);
  const batchLast = (name) =>
    Tensor.from(
      device,
      permute(values(name, shapes[name]), shapes[name], CHWN),
      CHWN.map((axis) => shapes[name][axis]),
    );
  const x = new Parameter(batchLast('x'));
  const weight = new Parameter(Tensor.from(device, values('weight', shapes.weight), shapes.weight));
  const gradOutput = batchLast('gradOutput');
  const options = { stride: task.stride, padding: task.padding };
  const compute = () => {
    const y = conv2d(x, weight, options);
    if (!task.backward) return [y];
    x.clearGrad();
    weight.clearGrad();
    backward(y, gradOutput);
    return [x.grad, weight.grad];
  };
  return { compute, dispose: () => [x, weight, gradOutput].forEach((tensor) => void tensor.dispose()) };
}

export async function run({ compute, run }, repetitions) {
  if (run) return run();
  for (let i = 0; i < repetitions; i++) scope(() => void compute());
  await device.finish();
}

export async function results({ compute }) {
  return scope(() => Promise.all(compute().map((tensor) => tensor.read())));
}
