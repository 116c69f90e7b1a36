"""Training steps of the networks of `shuffleblock bench step` in PyTorch, dense: eager and torch.compile, f32 and f16 autocast.

On the GPU if there is one, else on the processor. Rows as `bench step --json` writes them.
    python3 bench/pytorch/step.py [--json FILE] [--models LIST] [--batch-size N] [--precision f32,tf32,f16] [--modes eager,compile]
"""

import argparse
import contextlib

import torch
from torch.nn import functional as F

from networks import CIFAR10, NETWORKS, Image
from timing import Measurement, in_turns, open_device, save

DIGITS = Image(channels=1, size=28, classes=10)
TINY_IMAGENET = Image(channels=3, size=64, classes=200)
MODELS = ["lenet5", "wrn-22-2", "vgg-d", "resnet-50"]
MODES = ["eager", "compile"]
PRECISIONS = ["f32", "tf32", "f16"]
MEASUREMENT_MS = 600


def image_of(model):
    """As `bench step` has it."""
    if model.startswith("lenet"):
        return DIGITS
    return TINY_IMAGENET if model.startswith("resnet") else CIFAR10


def training_step(model, image, batch_size, device, precision, mode):
    """A function that does one step of SGD on random images."""
    last = device.type == "cuda" and precision == "f16"
    memory_format = torch.channels_last if last else torch.contiguous_format
    network = NETWORKS[model](image).to(device, memory_format=memory_format).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
    shape = batch_size, image.channels, image.size, image.size
    images = torch.randn(shape, device=device).to(memory_format=memory_format)
    labels = torch.randint(image.classes, (batch_size,), device=device)
    run = torch.compile(network) if mode == "compile" else network
    scaler = torch.cuda.amp.GradScaler() if precision == "f16" and device.type == "cuda" else None
    halves = lambda: torch.autocast(device.type, dtype=torch.float16)
    autocast = halves if precision == "f16" else contextlib.nullcontext

    def step():
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = F.cross_entropy(run(images), labels)
        if scaler:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        else:
            loss.backward()
            optimizer.step()
        return loss

    return step


def obstacle(mode, precision, device):
    """Why this PyTorch cannot do it, if it cannot."""
    if mode == "compile" and not hasattr(torch, "compile"):
        return "this PyTorch has no torch.compile"
    if precision == "f16" and device.type == "cpu" and torch.__version__ < "2.3":
        return "this PyTorch has no f16 autocast on processors"
    return None


def bench_model(model, image, batch_size, device, adapter, options):
    found = []
    for precision in options.precision:
        for mode in options.modes:
            why = obstacle(mode, precision, device)
            try:
                if why is None:
                    step = training_step(model, image, batch_size, device, precision, mode)
                    found.append((precision, mode, Measurement(device, precision, step, MEASUREMENT_MS)))
            except Exception as error:  # Compilers fail in many ways; the other variants can still be timed.
                why = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            if why is not None:
                print(f"{model:12}{mode:10}{precision:6} not timed: {why}", flush=True)
    in_turns([measurement for _, _, measurement in found], options.rounds)
    return [
        {
            "engine": f"pytorch {mode}",
            "version": torch.__version__,
            "adapter": adapter,
            "model": model,
            "imageSize": image.size,
            "batchSize": batch_size,
            "method": "dense",
            "sparsity": 0,
            "blockSize": 0,
            "precision": precision,
            "ms": measurement.ms,
            "spreadMs": measurement.spread_ms,
        }
        for precision, mode, measurement in found
    ]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", help="also write all rows to a file, as they come")
    parser.add_argument("--models", default=",".join(MODELS), help="separated by commas (default: %(default)s)")
    parser.add_argument("--modes", default=",".join(MODES), help="separated by commas (default: %(default)s)")
    parser.add_argument("--precision", help="separated by commas (default: f32,f16, on a GPU f32,tf32,f16)")
    parser.add_argument("--batch-size", type=int, help="images a step (default: lenet5 64, else 32)")
    parser.add_argument("--image-size", type=int, help="height and width (default: lenet5 28, resnet-50 64, else 32)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    options = parser.parse_args()
    device, adapter = open_device(options.device)
    if options.precision is None:
        options.precision = "f32,tf32,f16" if device.type == "cuda" else "f32,f16"
    for name, known in ("models", list(NETWORKS)), ("modes", MODES), ("precision", PRECISIONS):
        words = getattr(options, name).split(",")
        setattr(options, name, words)
        for word in words:
            if word not in known:
                parser.error(f"--{name}: expected some of {', '.join(known)}, got '{word}'")
    return options, device, adapter


def main():
    options, device, adapter = parse_options()
    print(f"PyTorch {torch.__version__} on {adapter}\n")
    print(f"{'model':12}{'mode':10}{'':6}{'batch':>6}{'ms a step':>12}{'+-':>9}{'images/s':>11}")
    rows = []
    for model in options.models:
        image = image_of(model)
        if options.image_size is not None:
            image = image._replace(size=options.image_size)
        batch_size = options.batch_size or (64 if model.startswith("lenet") else 32)
        own = bench_model(model, image, batch_size, device, adapter, options)
        for row in own:
            figures = f"{batch_size:6}{row['ms']:12.3f}{row['spreadMs']:9.3f}{1000 * batch_size / row['ms']:11.0f}"
            print(f"{model:12}{row['engine'].split()[1]:10}{row['precision']:6}{figures}", flush=True)
        rows += own
        save(options.json, rows)


if __name__ == "__main__":
    main()
