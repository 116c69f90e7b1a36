"""How kernels.py and step.py time: what is compared takes turns within every round; medians, and half the range between the quartiles."""

import json
import os
import statistics
import time

import torch


def open_device(name):
    """The device of that name, or the GPU if there is one, and what to call it."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda":
        # The fastest algorithm for each shape, as one trains.
        torch.backends.cudnn.benchmark = True
        return device, torch.cuda.get_device_name(device)
    # PyTorch leaves the second thread of a core idle; the other engines use it.
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    return device, f"{processor()}, threads: {torch.get_num_threads()}"


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return "CPU"


def set_precision(precision):
    """Whether products of f32 numbers may be rounded to TF32, which PyTorch allows convolutions unless told otherwise."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Measurement:
    """Repeats `run`, which leaves its work to the device, for about `milliseconds` of work."""

    def __init__(self, device, precision, run, milliseconds):
        self.device, self.precision, self.run = device, precision, run
        self.samples = []
        self.repetitions = 1
        self.measure()  # Compiles, allocates, chooses algorithms.
        once = self.measure()
        self.repetitions = max(1, min(1000, round(milliseconds / once)))

    def measure(self):
        set_precision(self.precision)
        synchronize(self.device)
        start = time.perf_counter()
        for _ in range(self.repetitions):
            self.run()
        synchronize(self.device)
        return 1000 * (time.perf_counter() - start) / self.repetitions

    @property
    def ms(self):
        return statistics.median(self.samples)

    @property
    def spread_ms(self):
        if len(self.samples) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (third - first) / 2


def in_turns(measurements, rounds):
    for _ in range(rounds):
        for measurement in measurements:
            measurement.samples.append(measurement.measure())


def save(path, rows):
    """Whole or not at all."""
    if path is None:
        return
    temporary = f"{path}.tmp"
    with open(temporary, "w") as file:
        json.dump(rows, file, indent=2)
        file.write("\n")
    os.replace(temporary, path)
