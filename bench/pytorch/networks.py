"""The networks of src/models in PyTorch, with the same parameter names; no bias where a BatchNorm follows a convolution.

python3 bench/pytorch/networks.py prints the parameter counts of test/models/networks.test.ts.
"""

from typing import NamedTuple

from torch import nn
from torch.nn import functional as F


class Image(NamedTuple):
    """What goes in, and how many classes come out. Height and width are equal."""

    channels: int
    size: int
    classes: int


CIFAR10 = Image(channels=3, size=32, classes=10)


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def conv_bn_relu(inputs, outputs, kernel, stride=1):
    return [conv(inputs, outputs, kernel, stride), nn.BatchNorm2d(outputs), nn.ReLU()]


class LeNet5(nn.Module):
    def __init__(self, image):
        super().__init__()
        pooled = ((image.size - 4) // 2 - 4) // 2
        self.conv1, self.conv2 = nn.Conv2d(image.channels, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc3, self.fc4 = nn.Linear(50 * pooled**2, 500), nn.Linear(500, image.classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc4(F.relu(self.fc3(x.flatten(1))))


class Mlp(nn.Module):
    def __init__(self, image, first, second):
        super().__init__()
        inputs = image.channels * image.size**2
        self.fc1, self.fc2 = nn.Linear(inputs, first), nn.Linear(first, second)
        self.fc3 = nn.Linear(second, image.classes)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class FeaturesAndClassifier(nn.Module):
    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.classifier = nn.Sequential(*features), nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def alexnet(image, hidden):
    shapes = [(image.channels, 96, 11), (96, 256, 5), (256, 384, 3), (384, 384, 3), (384, 256, 3)]
    features = [module for shape in shapes for module in conv_bn_relu(*shape, stride=2)]
    classifier, pooled = [], -(-image.size // 2**5)
    for inputs in [256 * pooled**2, hidden]:
        classifier += [nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
    return FeaturesAndClassifier(features, [*classifier, nn.Linear(hidden, image.classes)])


def vgg(image, variant):
    third = 1 if variant == "c" else 3
    plan = [64, 64, "M", 128, 128, "M"]
    for width in [256, 512, 512]:
        plan += [width, width, (width, third), "M"]
    features, inputs = [], image.channels
    for item in plan:
        if item == "M":
            features.append(nn.MaxPool2d(2))
            continue
        outputs, kernel = item if isinstance(item, tuple) else (item, 3)
        features += conv_bn_relu(inputs, outputs, kernel)
        inputs = outputs
    classifier, inputs = [], 512 * (image.size // 2**5) ** 2
    for _ in range(1 if variant == "like" else 2):
        classifier += [nn.Linear(inputs, 512), nn.ReLU(), nn.BatchNorm1d(512)]
        inputs = 512
    return FeaturesAndClassifier(features, [*classifier, nn.Linear(512, image.classes)])


class ResidualBlock(nn.Module):
    """Basic (kernels 3, 3) or bottleneck (1, 3, 1); the stride is that of the first 3x3 convolution."""

    def __init__(self, kernels, inputs, width, stride):
        super().__init__()
        self.depth = len(kernels)
        outputs = width * (4 if self.depth == 3 else 1)
        channels = [inputs] + [width] * (self.depth - 1) + [outputs]
        strided = kernels.index(3)
        for i, kernel in enumerate(kernels):
            setattr(self, f"conv{i + 1}", conv(channels[i], channels[i + 1], kernel, stride if i == strided else 1))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(channels[i + 1]))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.depth:
                y = F.relu(y)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, image, kernels, counts, stem=(3, 1)):
        super().__init__()
        self.conv1, self.bn1 = conv(image.channels, 64, *stem), nn.BatchNorm2d(64)
        expansion = 4 if len(kernels) == 3 else 1
        inputs = 64
        for i, count in enumerate(counts):
            width, blocks = 64 * 2**i, []
            for j in range(count):
                blocks.append(ResidualBlock(kernels, inputs, width, 2 if i > 0 and j == 0 else 1))
                inputs = width * expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, image.classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(self, f"layer{i}")(x)
        return self.fc(x.mean((2, 3)))


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv0 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv1 = nn.BatchNorm2d(outputs), conv(outputs, outputs, 3)
        self.dropout = nn.Dropout(0.3)
        self.conv2 = conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        y = self.conv1(self.dropout(F.relu(self.bn2(self.conv0(activated)))))
        return y + (self.conv2(activated) if self.conv2 else x)


class WideStage(nn.Module):
    def __init__(self, blocks, inputs, outputs, stride):
        super().__init__()
        first = WideBlock(inputs, outputs, stride)
        self.layer = nn.Sequential(first, *(WideBlock(outputs, outputs, 1) for _ in range(blocks - 1)))

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, image, depth, width):
        super().__init__()
        self.net0_block0_conv0 = conv(image.channels, 16, 3)
        widths = [16, 16 * width, 32 * width, 64 * width]
        for i in range(1, 4):
            setattr(self, f"net{i}", WideStage((depth - 4) // 6, widths[i - 1], widths[i], 1 if i == 1 else 2))
        self.bn1, self.fc = nn.BatchNorm2d(widths[3]), nn.Linear(widths[3], image.classes)

    def forward(self, x):
        x = self.net3(self.net2(self.net1(self.net0_block0_conv0(x))))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


NETWORKS = {
    "lenet5": LeNet5,
    "lenet300-100": lambda image: Mlp(image, 300, 100),
    "mlp-cifar10": lambda image: Mlp(image, 1024, 512),
    "alexnet-s": lambda image: alexnet(image, 1024),
    "alexnet-b": lambda image: alexnet(image, 2048),
    "vgg-c": lambda image: vgg(image, "c"),
    "vgg-d": lambda image: vgg(image, "d"),
    "vgg-like": lambda image: vgg(image, "like"),
    "resnet-18": lambda image: ResNet(image, (3, 3), (2, 2, 2, 2)),
    "resnet-34": lambda image: ResNet(image, (3, 3), (3, 4, 6, 3)),
    "resnet-50": lambda image: ResNet(image, (1, 3, 1), (3, 4, 6, 3)),
    "resnet-50 with a 7x7 stem": lambda image: ResNet(image, (1, 3, 1), (3, 4, 6, 3), stem=(7, 2)),
    "wrn-22-2": lambda image: WideResNet(image, 22, 2),
}

if __name__ == "__main__":
    for name, network in NETWORKS.items():
        print(name, sum(parameter.numel() for parameter in network(CIFAR10).parameters()))
