"""How far PyTorch strays from its own fixtures when only rounding changes: other thread counts, another convolution library,
float64, initial weights moved by one unit in the last place. At learning rate 0.1 a rounding error grows tenfold every three
steps or so, so later losses, the evaluation and the norms of weights are known only this well. Writes pytorch_spread.json, which training.test.ts reads.

    python3 test/parity/pytorch_spread.py FIXTURES CIFAR > test/parity/pytorch_spread.json

FIXTURES holds the parity fixtures, CIFAR the binary version of CIFAR-10. Needs PyTorch (CPU) and numpy; the tests do not.
"""

import glob
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
BATCH = 32


def read_safetensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        kind = np.float32 if entry["dtype"] == "F32" else np.uint8
        tensors[name] = torch.tensor(np.frombuffer(data[start:end], kind).reshape(entry["shape"]).copy())
    return tensors


def records(path, count, dtype):
    raw = np.fromfile(path, dtype=np.uint8).reshape(-1, 3073)[:count]
    images = torch.tensor(raw[:, 1:].reshape(-1, 3, 32, 32)).to(dtype) / 255
    mean, std = (torch.tensor(c, dtype=dtype).view(1, 3, 1, 1) for c in (MEAN, STD))
    return (images - mean) / std, torch.tensor(raw[:, 0].astype(np.int64))


class WideResNet10:
    """WRN-10-k in evaluation or training mode, straight from a state dict."""

    def __init__(self, state, dtype):
        self.masks = {name[:-5]: t.to(dtype) for name, t in state.items() if name.endswith("_mask")}
        self.stats = {name: t.to(dtype).clone() for name, t in state.items() if "running" in name}
        self.params = {
            name: t.to(dtype).clone().requires_grad_(True)
            for name, t in state.items()
            if not name.endswith("_mask") and "running" not in name
        }

    def weight(self, name):
        return self.params[f"{name}.weight"] * self.masks[f"{name}.weight"]

    def conv(self, x, name, stride, padding):
        return F.conv2d(x, self.weight(name), self.params[f"{name}.bias"], stride, padding)

    def norm(self, x, name, training):
        mean, variance = self.stats[f"{name}.running_mean"], self.stats[f"{name}.running_var"]
        return F.batch_norm(x, mean, variance, self.params[f"{name}.weight"], self.params[f"{name}.bias"], training, 0.1, 1e-5)

    def __call__(self, x, training):
        x = self.conv(x, "net0_block0_conv0", 1, 1)
        for stage in (1, 2, 3):
            block, stride = f"net{stage}.layer.0", 1 if stage == 1 else 2
            active = F.relu(self.norm(x, f"{block}.bn1", training))
            out = F.relu(self.norm(self.conv(active, f"{block}.conv0", stride, 1), f"{block}.bn2", training))
            out = self.conv(out, f"{block}.conv1", 1, 1)
            shortcut = self.conv(active, f"{block}.conv2", stride, 0) if f"{block}.conv2.weight" in self.params else x
            x = shortcut + out
        x = F.relu(self.norm(x, "bn1", training))
        return F.linear(F.avg_pool2d(x, 8).flatten(1), self.weight("fc"), self.params["fc.bias"])


def run(fixture, cifar, dtype=torch.float32, threads=2, mkldnn=True, nudge=None):
    """Losses of 20 steps, the evaluation loss, and the norms of the weights by name."""
    torch.set_num_threads(threads)
    torch.backends.mkldnn.flags(enabled=mkldnn).__enter__()
    state = read_safetensors(f"{fixture}.init.safetensors")
    if nudge is not None:
        random = torch.Generator().manual_seed(nudge)
        for name, t in state.items():
            if t.dtype == torch.float32 and "running" not in name:
                t *= 1 + (torch.randint(0, 3, t.shape, generator=random) - 1) * 2.0**-23
    net = WideResNet10(state, dtype)
    sgd = torch.optim.SGD(net.params.values(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    images, labels = records(os.path.join(cifar, "data_batch_1.bin"), 20 * BATCH, dtype)
    losses = []
    for step in range(20):
        part = slice(step * BATCH, (step + 1) * BATCH)
        sgd.zero_grad()
        loss = F.cross_entropy(net(images[part], True), labels[part])
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    images, labels = records(os.path.join(cifar, "test_batch.bin"), 256, dtype)
    with torch.no_grad():
        norms = {f"{name[:-7]}.weight": net.weight(name[:-7]).norm().item() for name in net.masks}
        return losses, F.cross_entropy(net(images, False), labels).item(), norms


def main(fixtures, cifar):
    spread = {}
    for path in sorted(glob.glob(os.path.join(fixtures, "*.expected.json"))):
        fixture = path[: -len(".expected.json")]
        expected = json.load(open(path))
        runs = [run(fixture, cifar, threads=1), run(fixture, cifar, mkldnn=False), run(fixture, cifar, dtype=torch.float64)]
        runs += [run(fixture, cifar, nudge=seed) for seed in range(8)]
        deviation = lambda value, target: abs(value / target - 1)
        steps = [max(deviation(losses[s], expected["losses"][s]) for losses, _, _ in runs) for s in range(20)]
        evaluation = max(deviation(loss, expected["eval_loss"]) for _, loss, _ in runs)
        norms = {
            name: round(max(deviation(norms[name], expected["final_norms"][name]) for _, _, norms in runs), 6)
            for name in runs[0][2]
        }
        spread[os.path.basename(fixture)] = {
            "losses": [round(d, 6) for d in steps],
            "evaluation": round(evaluation, 4),
            "norms": norms,
        }
    print(json.dumps(spread, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
