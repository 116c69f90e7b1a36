// An operation of one's own, a shader with its gradient, and a training loop of one's own around it: two layers learn XOR.
// After `npm ci`: node examples/own_operation.mjs
import {
  add,
  backward,
  Kernel,
  mean,
  mul,
  openDevice,
  Random,
  record,
  runElementwise,
  scale,
  scope,
  Tensor,
} from 'shuffleblock';
import { Linear, Module } from 'shuffleblock/nn';
import { Sgd } from 'shuffleblock/train';

// Elementwise kernels take four elements an invocation; buffers are padded for it. `count` says how many vec4s there are.
const elementwise = (bindings, expression) => `
const WORKGROUP_SIZE: u32 = 64;
struct Params { count: u32 }
${bindings.map((binding, i) => `@group(0) @binding(${i}) var<storage, ${binding}: array<vec4<f32>>;`).join('\n')}
@group(0) @binding(${bindings.length}) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  ${expression}
}`;
const forwardKernel = new Kernel(
  'sigmoid.wgsl',
  elementwise(['read> x', 'read_write> y'], 'y[i] = 1.0 / (1.0 + exp(-x[i]));'),
);
const backwardKernel = new Kernel(
  'sigmoid_grad_input.wgsl',
  elementwise(
    ['read> y', 'read> grad_output', 'read_write> grad_input'],
    'grad_input[i] = grad_output[i] * y[i] * (1.0 - y[i]);',
  ),
);

/** y = 1 / (1 + exp(-x)), any shape. `record` puts it on the tape, with what turns the gradient of y into that of x. */
function sigmoid(x) {
  const y = Tensor.empty(x.device, x.shape);
  runElementwise(forwardKernel, { x, y }, x.size);
  return record('sigmoid', y, [x], (gradOutput) => {
    const gradInput = Tensor.empty(x.device, x.shape);
    runElementwise(backwardKernel, { y, grad_output: gradOutput, grad_input: gradInput }, x.size);
    return [gradInput];
  });
}

class Network extends Module {
  constructor(context) {
    super();
    this.hidden = new Linear(context, 2, 16);
    this.output = new Linear(context, 16, 1);
  }

  forward(x) {
    return sigmoid(this.output.forward(sigmoid(this.hidden.forward(x))));
  }
}

const device = await openDevice();
const x = Tensor.from(device, [0, 0, 1, 1, 0, 1, 0, 1], [2, 4]); // [features, batch]
const target = Tensor.from(device, [0, 1, 1, 0], [1, 4]);
const network = new Network({ device, random: new Random(1) });

const optimizer = new Sgd(device, network, { momentum: 0.9 });
optimizer.setLearningRate(1);
for (let step = 0; step < 500; step++) {
  // What a step computes is freed at the end of its scope; parameters and the optimizer's state live on.
  scope(() => {
    const error = add(network.forward(x), scale(target, -1));
    backward(mean(mul(error, error)));
    optimizer.step();
  });
}
const answers = await scope(() => network.forward(x).read());
console.log(`XOR: ${[...answers].map((answer) => answer.toFixed(2)).join(', ')}`);
for (const part of [x, target, network, optimizer]) part.dispose();
device.destroy();
