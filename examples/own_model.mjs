// A network of one's own: defined, trained with four fifths of its weights pruned, and written as an ONNX file for other programs.
// After `npm ci`: node examples/own_model.mjs [FILE.onnx]
import { writeFile } from 'node:fs/promises';
import { add, flatten, openDevice, relu } from 'shuffleblock';
import { loadDataset } from 'shuffleblock/data';
import { registerModel } from 'shuffleblock/models';
import { BatchNorm, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential } from 'shuffleblock/nn';
import {
  completeSettings,
  createTrainer,
  defaultConfig,
  encodeOnnx,
  formatSummary,
  onnxModel,
  settingsOf,
} from 'shuffleblock/train';

// Layers come first, in the constructor: a context says where their first values come from, the options what the data set is.
// Everything else happens in `forward`, with layers and with operations. Property names are those of the state dict.
class DigitNet extends Module {
  constructor(context, { channels, height, width, classes }) {
    super();
    this.stem = new Sequential([
      new Conv2d(context, channels, 32, 5, { stride: 2, padding: 2, bias: false }),
      new BatchNorm(context, 32),
      new ReLU(),
    ]);
    this.residual = new Conv2d(context, 32, 32, 3, { padding: 1 });
    this.pool = new MaxPool2d({ kernel: 2 });
    this.classifier = new Linear(context, 32 * Math.floor(height / 4) * Math.floor(width / 4), classes);
  }

  forward(images, mode) {
    const x = this.stem.forward(images, mode);
    const y = relu(add(x, this.residual.forward(x)));
    return this.classifier.forward(flatten(this.pool.forward(y)));
  }
}

registerModel('digit-net', (context, options) => new DigitNet(context, options));

const device = await openDevice();
const digits = await loadDataset('mnist', { limit: { train: 2560, test: 500 } });
const config = { ...defaultConfig('mnist'), model: 'digit-net', sparsity: 0.8, blockSize: 8, epochs: 2 };
const trainer = await createTrainer(device, config, digits);
const { model } = trainer.parts;
console.log(formatSummary(model, digits));
for await (const event of trainer.run()) {
  if (event.type !== 'epoch') continue;
  console.log(`epoch ${event.epoch + 1}: test accuracy ${event.testAccuracy.toFixed(3)}`);
}

const path = process.argv[2] ?? 'digit-net.onnx';
await writeFile(path, encodeOnnx(await onnxModel(model, completeSettings(settingsOf(config), digits))));
console.log(`wrote ${path}`);
trainer.dispose();
device.destroy();
