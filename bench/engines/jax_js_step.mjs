// jax-js: value and gradient of the loss and the update in one compiled function. Arrays are consumed by use; `ref` keeps one.
import { blockUntilReady, jit, lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import {
  BATCH,
  CHECKED_STEPS,
  CLASSES,
  LEARNING_RATE,
  MOMENTUM,
  oneHot,
  parameters,
  pixels,
  SIZE,
} from '../lenet5.mjs';

const NO_PADDING = [
  [0, 0],
  [0, 0],
];

function block(x, weight, bias) {
  const [channels] = bias.shape;
  const y = lax.convGeneralDilated(x, weight, [1, 1], NO_PADDING).add(bias.reshape([1, channels, 1, 1]));
  const [batch, , height, width] = y.shape;
  return np.max(nn.relu(y).reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
}

/** In PyTorch's order throughout. */
function lossOf([w1, b1, w2, b2, w3, b3, w4, b4], images, labels) {
  const features = block(block(images, w1, b1), w2, b2).reshape([BATCH, 800]);
  const hidden = nn.relu(np.matmul(features, np.transpose(w3)).add(b3));
  const logits = np.matmul(hidden, np.transpose(w4)).add(b4);
  return np.sum(nn.logSoftmax(logits, 1).mul(labels)).mul(-1 / BATCH);
}

const trainingStep = (weights, velocities, images, labels) => {
  const [loss, gradients] = valueAndGrad(lossOf)(
    weights.map((weight) => weight.ref),
    images,
    labels,
  );
  const moved = velocities.map((velocity, i) => velocity.mul(MOMENTUM).add(gradients[i]));
  return [loss, weights.map((weight, i) => weight.sub(moved[i].ref.mul(LEARNING_RATE))), moved];
};

export function prepareStep() {
  const array = (values, shape) => np.array(values).reshape(shape);
  const step = jit(trainingStep);
  const images = array(pixels(), [BATCH, 1, SIZE, SIZE]);
  const labels = array(oneHot(), [BATCH, CLASSES]);
  let weights = parameters().map(([, shape, values]) => array(values, shape));
  let velocities = parameters().map(([, shape, values]) => array(new Float32Array(values.length), shape));
  const advance = () => {
    const [loss, moved, velocity] = step(weights, velocities, images.ref, labels.ref);
    weights = moved;
    velocities = velocity;
    return loss;
  };
  return {
    async losses() {
      const found = [];
      for (let i = 0; i < CHECKED_STEPS; i++) found.push((await advance().data())[0]);
      return found;
    },
    async run(repetitions) {
      for (let i = 0; i < repetitions; i++) advance().dispose();
      await blockUntilReady([...weights, ...velocities]);
    },
    dispose: () => {
      for (const one of [images, labels, ...weights, ...velocities]) one.dispose();
      step.dispose();
    },
  };
}
