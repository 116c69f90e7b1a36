// Wide residual networks: Zagoruyko and Komodakis, BMVC 2016. Pre-activation blocks, three stages of widths 16k, 32k, 64k.

import {
  BatchNorm,
  Conv2d,
  Dropout,
  kaimingNormalFanOut,
  type LayerContext,
  Linear,
  type Mode,
  Module,
  Sequential,
  zeros,
} from '../nn/index.js';
import { globalAvgPool2d } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import type { ModelOptions } from './registry.js';

/** What all blocks of one network share. */
interface BlockContext extends LayerContext {
  readonly convBias: boolean;
  readonly dropout: number;
  /** Number of dropouts made so far. */
  streams: number;
}

function convolution(
  context: BlockContext,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride: number,
): Conv2d {
  return new Conv2d(context, inChannels, outChannels, kernel, {
    stride,
    padding: Math.floor(kernel / 2),
    bias: context.convBias,
    // All but the shortcut: conv1 adds that before the next block's BatchNorm.
    feedsBatchNorm: kernel > 1,
    initializeWeight: kaimingNormalFanOut,
  });
}

/** BN, ReLU, 3x3, BN, ReLU, dropout, 3x3; the shortcut is a 1x1 convolution where the width changes. */
class BasicBlock extends Module {
  private readonly bn1: BatchNorm;
  private readonly conv0: Conv2d;
  private readonly bn2: BatchNorm;
  private readonly dropout: Dropout;
  private readonly conv1: Conv2d;
  private readonly conv2: Conv2d | undefined;

  constructor(context: BlockContext, inChannels: number, outChannels: number, stride: number) {
    super();
    this.bn1 = new BatchNorm(context, inChannels, { relu: true });
    this.conv0 = convolution(context, inChannels, outChannels, 3, stride);
    this.bn2 = new BatchNorm(context, outChannels, { relu: true });
    this.dropout = new Dropout(context.dropout, context.streams++);
    this.conv1 = convolution(context, outChannels, outChannels, 3, 1);
    if (inChannels !== outChannels) this.conv2 = convolution(context, inChannels, outChannels, 1, stride);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    const activated = this.bn1.forward(x, mode);
    const hidden = this.bn2.forward(this.conv0.forward(activated, mode), mode);
    const shortcut = this.conv2?.forward(activated) ?? x;
    return this.conv1.forward(this.dropout.forward(hidden, mode), mode, shortcut);
  }
}

class Stage extends Module {
  private readonly layer: Sequential;

  constructor(context: BlockContext, blocks: number, inChannels: number, outChannels: number, stride: number) {
    super();
    this.layer = new Sequential(
      Array.from({ length: blocks }, (_, i) =>
        i === 0
          ? new BasicBlock(context, inChannels, outChannels, stride)
          : new BasicBlock(context, outChannels, outChannels, 1),
      ),
    );
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    return this.layer.forward(x, mode);
  }
}

/** WRN-depth-width for small images. Property names are those of the original program's state dicts. */
export class WideResNet extends Module {
  private readonly net0_block0_conv0: Conv2d;
  private readonly net1: Stage;
  private readonly net2: Stage;
  private readonly net3: Stage;
  private readonly bn1: BatchNorm;
  private readonly fc: Linear;

  /** @param depth 6n + 4; @param width k, the widening factor. */
  constructor(context: LayerContext, depth: number, width: number, options: ModelOptions) {
    super();
    const { channels, classes, convBias = false, dropout = 0.3 } = options;
    const shared = { ...context, convBias, dropout, streams: 0 };
    const blocks = (depth - 4) / 6;
    this.net0_block0_conv0 = convolution(shared, channels, 16, 3, 1);
    this.net1 = new Stage(shared, blocks, 16, 16 * width, 1);
    this.net2 = new Stage(shared, blocks, 16 * width, 32 * width, 2);
    this.net3 = new Stage(shared, blocks, 32 * width, 64 * width, 2);
    this.bn1 = new BatchNorm(context, 64 * width, { relu: true });
    this.fc = new Linear(context, 64 * width, classes, { initializeBias: zeros });
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    const stem = this.net0_block0_conv0.forward(x, mode);
    const features = this.net3.forward(this.net2.forward(this.net1.forward(stem, mode), mode), mode);
    return this.fc.forward(globalAvgPool2d(this.bn1.forward(features, mode)));
  }
}
