// The engine alone: a convolution, its gradient, and the memory that a scope gives back. Run `npm ci` once, then
// `node examples/gradients.mjs`.
import { backward, conv2d, openDevice, Parameter, relu, scope, sum, Tensor } from 'shuffleblock';

const device = await openDevice(); // hardware if there is any, and it says so if not
const x = Tensor.from(device, new Float32Array(3 * 8 * 8 * 4).fill(1), [3, 8, 8, 4]); // [channels, height, width, batch]
const weight = new Parameter(Tensor.from(device, new Float32Array(16 * 3 * 3 * 3).fill(0.1), [16, 3, 3, 3]));
scope(() => backward(sum(relu(conv2d(x, weight, { padding: 1 })))));
console.log(await weight.grad?.read());
device.destroy();
