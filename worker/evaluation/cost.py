"""What a model costs: parameters, multiplications, memory."""

from __future__ import annotations

import sys

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..vitpose.model_config import ModelConfig


def parameters_and_gmacs(config: ModelConfig) -> tuple[int, float]:
    """The network's parameters, and 10⁹ multiply-adds for one crop without the flip test.

    Counted by PyTorch while the network runs without numbers: matrix products, convolutions and attention. The simple
    head counts as published, though fewer are made.
    """
    width, height = config.input_size
    with torch.device("meta"):
        model = config.build().eval()
        crop = torch.empty(1, 3, height, width)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.as_published(crop)
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops() / 2e9


def reset_peak_memory(device: str) -> None:
    """Starts counting a GPU's memory anew; a process's cannot be."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_mb(device: str) -> float | None:
    """The most memory so far, 10⁶ bytes: a GPU's as PyTorch held it, else the whole process's; None on Windows."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device) / 1e6
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
