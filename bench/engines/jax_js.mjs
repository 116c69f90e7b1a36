// jax-js on its WebGPU backend, compiled with `jit`. Arrays are consumed by use; `ref` keeps one.
import { blockUntilReady, defaultDevice, init, jit, lax, numpy as np, vjp } from '@jax-js/jax';
import { convolutionShapes } from '../tasks.mjs';
import { values } from '../values.mjs';
import { prepareStep } from './jax_js_step.mjs';

export async function open() {
  await init('webgpu');
  defaultDevice('webgpu');
}

export function prepare(task) {
  if (task.kind === 'step') return prepareStep();
  const array = (name, shape) => np.array(values(name, shape)).reshape(shape);
  if (task.kind === 'matmul') {
    const shape = [task.size, task.size];
    return program(
      jit((a, b) => [np.matmul(a, b)]),
      [array('a', shape), array('b', shape)],
    );
  }
  const shapes = convolutionShapes(task);
  const [x, weight, gradOutput] = ['x', 'weight', 'gradOutput'].map((name) => array(name, shapes[name]));
  const pads = [
    [task.padding, task.padding],
    [task.padding, task.padding],
  ];
  const forward = (a, b) => lax.convGeneralDilated(a, b, [task.stride, task.stride], pads);
  if (!task.backward)
    return program(
      jit((a, b) => [forward(a, b)]),
      [x, weight],
    );
  const both = jit((a, b, gradient) => {
    const [y, pullBack] = vjp(forward, [a, b]);
    const [gradX, gradWeight] = pullBack(gradient);
    return [gradX, gradWeight, y];
  });
  return program(both, [x, weight, gradOutput]);
}

function program(compiled, inputs) {
  return {
    compute: () => compiled(...inputs.map((input) => input.ref)),
    dispose: () => {
      for (const input of inputs) input.dispose();
      compiled.dispose();
    },
  };
}

export async function run({ compute, run }, repetitions) {
  if (run) return run(repetitions);
  // jax-js is lazy: the work for an array that is disposed before anyone waited for it is never done. So all are kept.
  const arrays = [];
  for (let i = 0; i < repetitions; i++) arrays.push(...compute());
  await blockUntilReady(arrays);
  for (const array of arrays) array.dispose();
}

export async function results({ compute }) {
  const arrays = compute();
  return Promise.all(arrays.map((array) => array.data()));
}
