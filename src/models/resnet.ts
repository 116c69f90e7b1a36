// Residual networks: He et al., CVPR 2016. Property names are torchvision's, so that its state dicts load. Blocks are
// post-activation; a bottleneck has its stride in the 3x3 convolution, as torchvision's.

import { BatchNorm, type Conv2d, type LayerContext, Linear, type Mode, Module, Sequential } from '../nn/index.js';
import { globalAvgPool2d, maxPool2d } from '../shaders/index.js';
import type { Tensor } from '../tensor/index.js';
import { type ConvContext, convolution } from './convolution.js';
import type { ModelOptions } from './registry.js';

/** Of the four stages, before expansion. */
const WIDTHS = [64, 128, 256, 512];

interface BlockContext extends ConvContext {
  /** First weights of a residual branch's last BatchNorm. */
  readonly branchScale: number;
}

interface BlockType {
  new (context: BlockContext, inChannels: number, width: number, stride: number): Module;
  /** Output channels for each of `width`. */
  readonly expansion: number;
}

/** A 1x1 convolution and BatchNorm where the shape changes; otherwise the shortcut is x itself. */
function downsampling(
  context: ConvContext,
  inChannels: number,
  outChannels: number,
  stride: number,
): Sequential | undefined {
  if (stride === 1 && inChannels === outChannels) return undefined;
  return new Sequential([
    convolution(context, inChannels, outChannels, 1, stride),
    new BatchNorm(context, outChannels),
  ]);
}

class BasicBlock extends Module {
  static readonly expansion = 1;
  private readonly conv1: Conv2d;
  private readonly bn1: BatchNorm;
  private readonly conv2: Conv2d;
  private readonly bn2: BatchNorm;
  private readonly downsample: Sequential | undefined;

  constructor(context: BlockContext, inChannels: number, width: number, stride: number) {
    super();
    this.conv1 = convolution(context, inChannels, width, 3, stride);
    this.bn1 = new BatchNorm(context, width, { relu: true });
    this.conv2 = convolution(context, width, width, 3);
    this.bn2 = new BatchNorm(context, width, { relu: true, scale: context.branchScale });
    this.downsample = downsampling(context, inChannels, width, stride);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    const hidden = this.bn1.forward(this.conv1.forward(x, mode), mode);
    const shortcut = this.downsample?.forward(x, mode) ?? x;
    return this.bn2.forward(this.conv2.forward(hidden, mode), mode, shortcut);
  }
}

class Bottleneck extends Module {
  static readonly expansion = 4;
  private readonly conv1: Conv2d;
  private readonly bn1: BatchNorm;
  private readonly conv2: Conv2d;
  private readonly bn2: BatchNorm;
  private readonly conv3: Conv2d;
  private readonly bn3: BatchNorm;
  private readonly downsample: Sequential | undefined;

  constructor(context: BlockContext, inChannels: number, width: number, stride: number) {
    super();
    const outChannels = width * Bottleneck.expansion;
    this.conv1 = convolution(context, inChannels, width, 1);
    this.bn1 = new BatchNorm(context, width, { relu: true });
    this.conv2 = convolution(context, width, width, 3, stride);
    this.bn2 = new BatchNorm(context, width, { relu: true });
    this.conv3 = convolution(context, width, outChannels, 1);
    this.bn3 = new BatchNorm(context, outChannels, { relu: true, scale: context.branchScale });
    this.downsample = downsampling(context, inChannels, outChannels, stride);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    const narrowed = this.bn1.forward(this.conv1.forward(x, mode), mode);
    const hidden = this.bn2.forward(this.conv2.forward(narrowed, mode), mode);
    const shortcut = this.downsample?.forward(x, mode) ?? x;
    return this.bn3.forward(this.conv3.forward(hidden, mode), mode, shortcut);
  }
}

/** Blocks and how many of them each stage has, by depth. */
const DEPTHS = {
  18: { block: BasicBlock, counts: [2, 2, 2, 2] },
  34: { block: BasicBlock, counts: [3, 4, 6, 3] },
  50: { block: Bottleneck, counts: [3, 4, 6, 3] },
} satisfies Record<number, { block: BlockType; counts: readonly number[] }>;

export type ResNetDepth = keyof typeof DEPTHS;

export class ResNet extends Module {
  private readonly conv1: Conv2d;
  private readonly bn1: BatchNorm;
  private readonly layer1: Sequential;
  private readonly layer2: Sequential;
  private readonly layer3: Sequential;
  private readonly layer4: Sequential;
  private readonly fc: Linear;

  constructor(context: LayerContext, depth: ResNetDepth, options: ModelOptions) {
    super();
    const { channels, classes, convBias, stem = '3x3', zeroInitResidual = false } = options;
    const shared = { ...context, convBias, branchScale: zeroInitResidual ? 0 : 1 };
    const { block, counts } = DEPTHS[depth];
    const inputs = [WIDTHS[0], ...WIDTHS.map((width) => width * block.expansion)];
    const stage = (i: number) => stageOf(block, shared, counts[i], inputs[i], WIDTHS[i], i === 0 ? 1 : 2);
    this.conv1 =
      stem === '7x7' ? convolution(shared, channels, WIDTHS[0], 7, 2) : convolution(shared, channels, WIDTHS[0], 3);
    this.bn1 = new BatchNorm(context, WIDTHS[0], { relu: true });
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = new Linear(context, inputs[4], classes);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x, mode), mode);
    const pooled = maxPool2d(stem, { kernel: 3, stride: 2, padding: 1 });
    const stages = [this.layer1, this.layer2, this.layer3, this.layer4];
    const features = stages.reduce((value, stage) => stage.forward(value, mode), pooled);
    return this.fc.forward(globalAvgPool2d(features));
  }
}

/** The first block has the stride and takes `inChannels`. */
function stageOf(
  block: BlockType,
  context: BlockContext,
  count: number,
  inChannels: number,
  width: number,
  stride: number,
): Sequential {
  const rest = Array.from({ length: count - 1 }, () => new block(context, width * block.expansion, width, 1));
  return new Sequential([new block(context, inChannels, width, stride), ...rest]);
}
