"""How fast a device can be at best: its matrix products, its memory, and what a network asks of both."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..evaluation.cost import parameters_and_gmacs
from ..vitpose.model_config import ModelConfig

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def finish(device: str) -> None:
    """Waits for what a GPU still has to do, so that a clock tells the truth."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


class Peak:
    """The rate of square matrix products, in a precision on a device; call it now and then, the best one counts."""

    def __init__(self, device: str, precision: str) -> None:
        self._device = device
        side = 1024 if device == "cpu" else 8192
        self._operations = 2 * side**3
        self._matrix: Tensor = torch.randn(side, side, device=device).to(DTYPES[precision])
        self.gflops = 0.0
        for _ in range(3):
            self()

    def __call__(self) -> None:
        start = time.perf_counter()
        self._matrix @ self._matrix
        finish(self._device)
        self.gflops = max(self.gflops, self._operations / (time.perf_counter() - start) / 1e9)


class OwnProducts:
    """The network's own linear layers and nothing else, each with weights of its own; call it now and then, the best
    time counts.

    Square matrices that stay in the cache are faster than any layer can be: here the weights come from memory.
    """

    def __init__(self, config: ModelConfig, people: int, device: str, precision: str) -> None:
        self._device = device
        with torch.device("meta"):
            model = config.build()
        rows = people * model.grid[0] * model.grid[1]
        sizes = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
        self._pairs = [
            tuple(torch.randn(*size, device=device).to(DTYPES[precision]) for size in ((rows, into), (into, out)))
            for into, out in sizes
        ]
        self.ms = float("inf")
        for _ in range(3):
            self()

    def __call__(self) -> None:
        start = time.perf_counter()
        for features, weights in self._pairs:
            features @ weights
        finish(self._device)
        self.ms = min(self.ms, 1e3 * (time.perf_counter() - start))


def bandwidth_gb_s(device: str) -> float:
    """Bytes a second that a copy reads and writes, best of some, in 10⁹."""
    source = torch.ones(2**26, device=device)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        target.copy_(source)
        finish(device)
        best = max(best, 2 * source.nbytes / (time.perf_counter() - start) / 1e9)
    return best


@dataclass(frozen=True)
class Floor:
    """gflop: operations of one call. gbyte: its weights, read once. ms: what the slower of the two takes."""

    gflop: float
    gbyte: float
    ms: float


def floor_of(config: ModelConfig, people: int, precision: str, peak_gflops: float, gb_s: float) -> Floor:
    """The least time for one call of the network with so many people."""
    parameters, gmacs = parameters_and_gmacs(config)
    gflop, gbyte = 2 * gmacs * people, parameters * DTYPES[precision].itemsize / 1e9
    return Floor(gflop, gbyte, 1e3 * max(gflop / peak_gflops, gbyte / gb_s))
