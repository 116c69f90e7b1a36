// What a trained network says of single images. After `npm ci`:
//   npm run train
//   npx shuffleblock export runs/NAME --format bundle --out digits.bundle.safetensors
//   node examples/infer.mjs digits.bundle.safetensors
// In a page it is the same, with `await fetch(url).then((response) => response.arrayBuffer())` in place of `readFile`.
import { readFile } from 'node:fs/promises';
import { openDevice } from 'shuffleblock';
import { loadDataset } from 'shuffleblock/data';
import { loadModel, parseModelFile, predictPixels, softmaxOfRows } from 'shuffleblock/train';

const path = process.argv[2];
if (path === undefined) throw new Error('expected the path of a bundle, got none');
const device = await openDevice();
const file = parseModelFile(await readFile(path), path);
const model = loadModel(device, file); // a bundle knows its network, its classes and how images are normalised
const { classes } = file.settings;

const { test } = await loadDataset(file.settings.dataSet, { parts: ['test'], limit: { test: 5 } });
const logits = await predictPixels(device, model, test.images, file.settings); // bytes [count, channels, height, width]
const probabilities = softmaxOfRows(logits, classes);
for (let image = 0; image < test.count; image++) {
  const row = probabilities.subarray(image * classes, (image + 1) * classes);
  const best = row.indexOf(Math.max(...row));
  console.log(`image ${image}: ${best} (${(100 * row[best]).toFixed(1)}%), its label says ${test.labels[image]}`);
}
model.dispose();
device.destroy();
