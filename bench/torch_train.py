#!/usr/bin/python3
"""Times training steps of PFLD in PyTorch: bench_train's work and options, for comparison.

The net is that of src/net/arch.c (Table 1, flatten tail, 68 points, batch normalisation, ReLU);
a step is forward, wing loss, backward and AdamW on a batch of random numbers. Prints bench_train's
JSON line. Debian's PyTorch: apt-get install python3-torch libopenblas0-openmp (without the latter
its matrix products are the reference BLAS's, and slow).
"""
import argparse
import ctypes
import json
import math
import resource
import statistics
import sys
import time

import torch
from torch import nn

SIZE, POINTS, WARM_UP = 112, 68, 4


def scaled(channels, width):
    return max(4, math.floor(channels * width + 0.5))


def conv(c_in, c_out, kernel, stride=1, pad=0, groups=1, relu=True):
    layers = [
        nn.Conv2d(c_in, c_out, kernel, stride, pad, groups=groups, bias=False),
        nn.BatchNorm2d(c_out),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Bottleneck(nn.Module):
    def __init__(self, c_in, c_out, t, stride):
        super().__init__()
        hidden = t * c_in
        self.body = nn.Sequential(
            conv(c_in, hidden, 1),
            conv(hidden, hidden, 3, stride, 1, groups=hidden),
            conv(hidden, c_out, 1, relu=False),
        )
        self.adds = stride == 1 and c_in == c_out

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def row(c_in, c_out, t, n, stride):
    blocks = [Bottleneck(c_in, c_out, t, stride)]
    blocks += [Bottleneck(c_out, c_out, t, 1) for _ in range(n - 1)]
    return nn.Sequential(*blocks)


class Pfld(nn.Module):
    def __init__(self, width):
        super().__init__()
        c64, c128, c16, c32 = (scaled(c, width) for c in (64, 128, 16, 32))
        self.s1 = nn.Sequential(
            conv(3, c64, 3, 2, 1),
            conv(c64, c64, 3, 1, 1, groups=c64),
            row(c64, c64, 2, 5, 2),
            row(c64, c128, 2, 1, 2),
            row(c128, c128, 4, 6, 1),
            row(c128, c16, 2, 1, 1),
        )
        self.s2 = conv(c16, c32, 3, 2, 1)
        self.s3 = conv(c32, c128, 7)
        self.last = nn.Linear(c16 * 14 * 14 + c32 * 7 * 7 + c128, 2 * POINTS)

    def forward(self, x):
        s1 = self.s1(x)
        s2 = self.s2(s1)
        s3 = self.s3(s2)
        return self.last(torch.cat([s.flatten(1) for s in (s1, s2, s3)], 1))


def wing(predicted, truth, w=10.0, epsilon=2.0):
    x = (predicted - truth).abs() * SIZE
    inner = w * torch.log1p(x / epsilon)
    outer = x - (w - w * math.log1p(w / epsilon))
    return torch.where(x < w, inner, outer).sum() / (SIZE * predicted.shape[0])


class Training:
    def __init__(self, o):
        torch.manual_seed(1)
        torch.set_num_threads(o.threads)
        layout = torch.channels_last if o.layout == "nhwc" else torch.contiguous_format
        self.input = torch.rand(o.batch, 3, SIZE, SIZE).sub_(0.5).to(memory_format=layout)
        self.truth = torch.rand(o.batch, 2 * POINTS)
        self.net = Pfld(o.width).train().to(memory_format=layout)
        self.parameters = sum(p.numel() for p in self.net.parameters())
        # One call per kind of arithmetic for all arrays together: PyTorch's faster way.
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=1e-3, weight_decay=1e-2, foreach=True
        )
        if o.jit:
            self.net = torch.jit.trace(self.net, self.input)

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        wing(self.net(self.input), self.truth).backward()
        self.optimiser.step()


def keep_heap():
    """The memory of one step serves the next one. By glibc's own rules most of it goes back to the
    system and comes again as new pages, which takes longer than the arithmetic."""
    m_trim_threshold, m_top_pad, m_mmap_max, m_arena_max = -1, -2, -4, -8
    libc = ctypes.CDLL(None)
    for parameter, value in (
        (m_mmap_max, 0),
        (m_trim_threshold, -1),
        (m_top_pad, 64 << 20),
        (m_arena_max, 1),
    ):
        if not libc.mallopt(parameter, value):
            sys.exit("mallopt failed")


def peak_mbytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6


def measure(training, o, at_start):
    times, cpu = [], []
    for _ in range(o.steps):
        start, start_cpu = time.perf_counter(), time.process_time()
        training.step()
        times.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    best, median = min(times), statistics.median(times)
    line = {
        "v": 1,
        "what": "train",
        "model": f"pfld-{o.width:g}x",
        "isa": f"torch-{torch.__version__}-{o.layout}"
        + ("" if o.mkldnn else "-native")
        + ("-jit" if o.jit else "")
        + ("-glibc-heap" if o.glibc_heap else ""),
        "threads": o.threads,
        "batch": o.batch,
        "min_ms": round(1e3 * best, 2),
        "median_ms": round(1e3 * median, 2),
        "parameters": training.parameters,
        "steps": o.steps,
        "samples_per_s": round(o.batch / best, 1),
        "median_samples_per_s": round(o.batch / median, 1),
        "cpu_min_ms": round(1e3 * min(cpu), 2),
        "start_mbytes": round(at_start, 1),
        "peak_mbytes": round(peak_mbytes(), 1),
    }
    print(json.dumps(line, separators=(",", ":")), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--width", type=float, default=0.25)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--rounds", action="store_true", help="a measurement for each line of stdin")
    p.add_argument("--layout", choices=("nchw", "nhwc"), default="nhwc")
    p.add_argument("--no-mkldnn", dest="mkldnn", action="store_false", help="PyTorch's own kernels")
    p.add_argument("--jit", action="store_true", help="the net traced by torch.jit")
    p.add_argument("--glibc-heap", action="store_true", help="memory by glibc's rules: slower")
    o = p.parse_args()
    if not o.glibc_heap:
        keep_heap()
    at_start = peak_mbytes()
    with torch.backends.mkldnn.flags(enabled=o.mkldnn):
        training = Training(o)
        for _ in range(WARM_UP):
            training.step()
        for _ in sys.stdin if o.rounds else range(1):
            measure(training, o, at_start)


if __name__ == "__main__":
    main()
