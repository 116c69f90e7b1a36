// TensorFlow.js: its own momentum optimizer on the same network, channels last.
import * as tf from '@tensorflow/tfjs';
import { BATCH, CHECKED_STEPS, LEARNING_RATE, MOMENTUM, oneHot, parameters, pixels, SIZE } from '../lenet5.mjs';
import { permute } from '../values.mjs';

/** Weights as tfjs takes them: [KH,KW,I,O] and [I,O]; rows of fc3 in the order of features [H,W,C]. */
function weightOf([name, shape, values]) {
  if (name === 'fc3.weight') return tf.tensor(permute(values, [500, 50, 4, 4], [2, 3, 1, 0]), [800, 500]);
  if (shape.length === 4)
    return tf.tensor(
      permute(values, shape, [2, 3, 1, 0]),
      [2, 3, 1, 0].map((axis) => shape[axis]),
    );
  if (shape.length === 2) return tf.tidy(() => tf.tensor(values, shape).transpose());
  return tf.tensor(values, shape);
}

export function prepareStep() {
  const variables = parameters().map((parameter) => tf.variable(weightOf(parameter)));
  const optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
  const images = tf.tensor4d(pixels(), [BATCH, SIZE, SIZE, 1]);
  const labels = tf.tensor2d(oneHot(), [BATCH, 10]);
  const [w1, b1, w2, b2, w3, b3, w4, b4] = variables;
  const block = (x, weight, bias) => tf.maxPool(tf.relu(tf.add(tf.conv2d(x, weight, 1, 'valid'), bias)), 2, 2, 'valid');
  const loss = () => {
    const features = block(block(images, w1, b1), w2, b2).reshape([BATCH, 800]);
    const hidden = tf.relu(tf.add(tf.matMul(features, w3), b3));
    return tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(hidden, w4), b4));
  };
  const step = (wantsLoss) => optimizer.minimize(loss, wantsLoss, variables);
  return {
    async losses() {
      const found = [];
      for (let i = 0; i < CHECKED_STEPS; i++) {
        const value = step(true);
        found.push((await value.data())[0]);
        value.dispose();
      }
      return found;
    },
    compute: () => [step(false)].filter(Boolean),
    dispose: () => {
      optimizer.dispose();
      tf.dispose([images, labels, ...variables]);
    },
  };
}
