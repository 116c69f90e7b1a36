"""The layers of `shuffleblock bench kernels` in PyTorch, dense: forward, gradInput, gradWeight, and forward and backward together.

On the GPU if there is one, else on the processor. Rows as `bench kernels --json` writes them.
    python3 bench/pytorch/kernels.py [--json FILE] [--layers FILTER | --all] [--batch-size N] [--precision f32,tf32,f16] [--rounds N]
"""

import argparse
import json
import pathlib

import torch
from torch.nn import functional as F

from timing import Measurement, in_turns, open_device, save

LAYERS = json.loads((pathlib.Path(__file__).parent / "../../src/cli/bench/layers.json").read_text())
PRECISIONS = {"f32": torch.float32, "tf32": torch.float32, "f16": torch.float16}
MEASUREMENT_MS = 60


def convolution_passes(layer, device, dtype):
    """Each pass by name; channels last where tensor cores want them so."""
    last = device.type == "cuda" and dtype == torch.float16
    memory_format = torch.channels_last if last else torch.contiguous_format
    inputs, outputs, size, kernel = (layer[key] for key in ("inChannels", "outChannels", "size", "kernel"))
    stride, padding = [layer["stride"]] * 2, [layer["padding"]] * 2
    tensor = lambda *shape: torch.randn(*shape, device=device, dtype=dtype).to(memory_format=memory_format)
    x, weight = tensor(layer["batchSize"], inputs, size, size), tensor(outputs, inputs, kernel, kernel)
    forward = lambda: F.conv2d(x, weight, stride=stride, padding=padding)
    gradient = torch.randn_like(forward())

    def backward(*wanted):
        options = (stride, padding, [1, 1], False, [0, 0], 1)
        return torch.ops.aten.convolution_backward(gradient, x, weight, None, *options, [*wanted, False])

    return {
        "forward": forward,
        "gradInput": lambda: backward(True, False),
        "gradWeight": lambda: backward(False, True),
        "forward+backward": lambda: (forward(), backward(True, True)),
    }


def product_passes(layer, device, dtype):
    """Of a matrix product y = w x, which `bench kernels` does as a 1x1 convolution of one pixel."""
    tensor = lambda *shape: torch.randn(*shape, device=device, dtype=dtype)
    x, weight = tensor(layer["inChannels"], layer["batchSize"]), tensor(layer["outChannels"], layer["inChannels"])
    gradient = tensor(layer["outChannels"], layer["batchSize"])
    forward, grad_input, grad_weight = lambda: weight @ x, lambda: weight.T @ gradient, lambda: gradient @ x.T
    return {
        "forward": forward,
        "gradInput": grad_input,
        "gradWeight": grad_weight,
        "forward+backward": lambda: (forward(), grad_input(), grad_weight()),
    }


def flops(layer, name):
    """Two operations for every weight and output position, products at the border counted."""
    output = (layer["size"] + 2 * layer["padding"] - layer["kernel"]) // layer["stride"] + 1
    one = 2 * layer["inChannels"] * layer["outChannels"] * layer["kernel"] ** 2 * output**2 * layer["batchSize"]
    return 3 * one if name == "forward+backward" else one


def bench_layer(layer, device, adapter, precisions, rounds):
    make = product_passes if layer["name"].startswith("matmul/") else convolution_passes
    found = []
    for precision in precisions:
        for name, run in make(layer, device, PRECISIONS[precision]).items():
            found.append((precision, name, Measurement(device, precision, run, MEASUREMENT_MS)))
    in_turns([measurement for _, _, measurement in found], rounds)
    return [
        {
            "engine": "pytorch",
            "version": torch.__version__,
            "adapter": adapter,
            "layer": layer["name"],
            "pass": name,
            "batchSize": layer["batchSize"],
            "sparsity": 0,
            "blockSize": 0,
            "precision": precision,
            "ms": measurement.ms,
            "spreadMs": measurement.spread_ms,
            "effectiveGflops": flops(layer, name) / measurement.ms / 1e6,
            "actualGflops": flops(layer, name) / measurement.ms / 1e6,
        }
        for precision, name, measurement in found
    ]


def chosen_layers(parser, options):
    if options.layers is None:
        chosen = [layer for layer in LAYERS if options.all or layer["sets"]]
    else:
        chosen = [layer for layer in LAYERS if options.layers in layer["name"]]
    if not chosen:
        names = ", ".join(layer["name"] for layer in LAYERS)
        parser.error(f"--layers: expected part of a layer's name ({names}), got '{options.layers}'")
    if options.batch_size is None:
        return chosen
    product = lambda layer: layer["name"].startswith("matmul/")
    return [layer if product(layer) else {**layer, "batchSize": options.batch_size} for layer in chosen]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", help="also write all rows to a file, as they come")
    parser.add_argument("--layers", help="only layers whose name contains it")
    parser.add_argument("--all", action="store_true", help="all layers (default: those that other benchmarks show)")
    parser.add_argument("--batch-size", type=int, help="of all layers but matrix products")
    parser.add_argument("--precision", help="separated by commas (default: f32, on a GPU f32,tf32,f16)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    options = parser.parse_args()
    device, adapter = open_device(options.device)
    precisions = (options.precision or ("f32,tf32,f16" if device.type == "cuda" else "f32")).split(",")
    for precision in precisions:
        if precision not in PRECISIONS:
            parser.error(f"--precision: expected some of {','.join(PRECISIONS)}, got '{precision}'")
    layers = chosen_layers(parser, options)

    print(f"PyTorch {torch.__version__} on {adapter}\n")
    print(f"{'layer':44}{'pass':18}{'':6}{'ms':>10}{'+-':>9}{'GFLOP/s':>11}")
    rows = []
    with torch.no_grad():
        for layer in layers:
            own = bench_layer(layer, device, adapter, precisions, options.rounds)
            for row in own:
                figures = f"{row['ms']:10.3f}{row['spreadMs']:9.3f}{row['effectiveGflops']:11.1f}"
                print(f"{row['layer']:44}{row['pass']:18}{row['precision']:6}{figures}", flush=True)
            rows += own
            save(options.json, rows)


if __name__ == "__main__":
    main()
