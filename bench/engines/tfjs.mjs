// TensorFlow.js on its WebGPU backend, channels last as it likes them best.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { convolutionShapes } from '../tasks.mjs';
import { permute, values } from '../values.mjs';
import { prepareStep } from './tfjs_step.mjs';

const NHWC = [0, 2, 3, 1];
const HWIO = [2, 3, 1, 0];

export async function open() {
  await tf.setBackend('webgpu');
  await tf.ready();
}

export function prepare(task) {
  if (task.kind === 'step') return prepareStep();
  if (task.kind === 'matmul') {
    const shape = [task.size, task.size];
    const [a, b] = ['a', 'b'].map((name) => tf.tensor2d(values(name, shape), shape));
    return { compute: () => [tf.matMul(a, b)], dispose: () => tf.dispose([a, b]) };
  }
  const shapes = convolutionShapes(task);
  const tensor = (name, order) =>
    tf.tensor4d(
      permute(values(name, shapes[name]), shapes[name], order),
      order.map((axis) => shapes[name][axis]),
    );
  const x = tensor('x', NHWC);
  const weight = tensor('weight', HWIO);
  const gradOutput = tensor('gradOutput', NHWC);
  const padding = task.stride === 1 ? 'same' : task.padding;
  const forward = (a, b) => tf.conv2d(a, b, task.stride, padding);
  const gradients = tf.grads(forward);
  // tf.grads computes the value too, and throws it away.
  const compute = task.backward ? () => gradients([x, weight], gradOutput) : () => [forward(x, weight)];
  return { compute, dispose: () => tf.dispose([x, weight, gradOutput]) };
}

export async function run({ compute }, repetitions) {
  for (let i = 0; i < repetitions; i++) tf.dispose(tf.tidy(compute));
  await wait();
}

async function wait() {
  const backend = tf.backend();
  // What tfjs does itself before it reads a tensor; it has no public call that waits without reading.
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

/** The values of the results: of the gradients alone where there are any. */
export async function results({ compute }) {
  const tensors = tf.tidy(compute);
  const read = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose(tensors);
  return read;
}
