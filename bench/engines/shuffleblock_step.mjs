// Ours: the trainer itself, some steps at a time.
import { repeatedDataset } from '../../dist/cli/bench/random_images.js';
import { MNIST } from '../../dist/data/index.js';
import { createTrainer, defaultConfig, safetensor } from '../../dist/train/index.js';
import { BATCH, CHECKED_STEPS, imageBytes, LEARNING_RATE, labels, MOMENTUM, parameters } from '../lenet5.mjs';

/** More than are ever done. */
const STEPS = 16384;

async function trainerOf(device, logEvery) {
  const recipe = { learningRate: LEARNING_RATE, momentum: MOMENTUM, weightDecay: 0, lrSchedule: 'constant' };
  const length = { batchSize: BATCH, epochs: 1, logEvery, shuffle: false };
  const config = { ...defaultConfig('mnist'), method: 'dense', ...recipe, ...length };
  const split = { images: imageBytes(), labels: labels(), count: BATCH };
  const dataset = repeatedDataset({ ...MNIST, mean: [0], std: [1] }, split, STEPS * BATCH);
  const tensors = new Map(parameters().map(([name, shape, values]) => [name, safetensor(values, shape)]));
  return createTrainer(device, config, dataset, { tensors, where: 'bench' });
}

export function prepareStep(device) {
  let trainer;
  let events;
  /** Until a pause, at which the GPU has done all steps so far. */
  const toPause = async () => {
    for (;;) {
      const { value } = await events.next();
      if (value.type === 'pause') return;
    }
  };
  return {
    async losses() {
      const checked = await trainerOf(device, 1);
      const found = [];
      for await (const event of checked.run())
        if (event.type === 'step' && found.push(event.loss) === CHECKED_STEPS) break;
      checked.dispose();
      return found;
    },
    /** Trains on to where the next `repetitions` steps end in a pause. */
    async arrange(repetitions) {
      trainer ??= await trainerOf(device, STEPS);
      await events?.return();
      events = trainer.run({ pauseEvery: repetitions });
      await toPause();
    },
    run: toPause,
    dispose: () => trainer?.dispose(),
  };
}
