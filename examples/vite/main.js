// Trains lenet300-100 with four fifths of its weights pruned, on images drawn here: stripes that lie or stand, in noise.
import { openDevice } from 'shuffleblock';
import { createTrainer, defaultConfig } from 'shuffleblock/train';

const SIZE = 28;

function drawStripes(count) {
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count).map((_, i) => i % 2);
  for (let i = 0; i < images.length; i++) {
    const [image, y, x] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
    const along = labels[image] === 0 ? y : x;
    images[i] = 160 * Math.random() + ((along + image) % 8 < 4 ? 95 : 0);
  }
  return { images, labels, count };
}

function say(text) {
  document.getElementById('log').textContent += `${text}\n`;
}

try {
  const device = await openDevice();
  say(device.info.description);
  const stripes = {
    name: 'stripes',
    source: 'drawn in this page',
    classes: 2,
    channels: 1,
    height: SIZE,
    width: SIZE,
    mean: [0.5],
    std: [0.25],
    augmentation: { padding: 0, flip: false },
    train: drawStripes(1024),
    test: drawStripes(256),
  };
  const config = { ...defaultConfig('stripes'), model: 'lenet300-100', sparsity: 0.8, epochs: 3, batchSize: 64 };
  const trainer = await createTrainer(device, { ...config, updateInterval: 10, augment: 'none' }, stripes);
  for await (const event of trainer.run()) {
    if (event.type === 'step') say(`step ${event.step + 1}: loss ${event.loss.toFixed(3)}`);
    if (event.type === 'epoch') say(`epoch ${event.epoch + 1}: test accuracy ${(100 * event.testAccuracy).toFixed(1)}%`);
  }
  trainer.dispose();
  device.destroy();
} catch (error) {
  say(error.message);
}
