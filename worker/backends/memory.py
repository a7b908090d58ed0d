"""What to say when a model does not fit into memory: which one would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..vitpose.model import SIZES, ViTPose
from ..vitpose.model_config import ModelConfig
from .backend import BackendError

# A model's weights as they are, once more as the device wants them, and what its layers hand on.
_COPIES, _BESIDE = 3, 500e6


@contextmanager
def enough_memory(config: ModelConfig, device: str) -> Iterator[None]:
    """Turns running out of memory into a BackendError that names a model that fits."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not _is_about_memory(str(error)):
            raise
        free = free_memory(device)
        fitting = model_that_fits(free)
        said = "" if free is None else f" (about {free / 1e9:.1f} GB are free)"
        advice = f"choose a smaller model, such as {fitting}" if fitting else "end other programs that use it"
        raise BackendError(f"There is not enough memory for {config.name} on {device}{said}; {advice}.") from None


def free_memory(device: str) -> float | None:
    """Bytes that are free on a device, None where that cannot be told."""
    if device.startswith("cuda"):
        return float(torch.cuda.mem_get_info(device)[0])
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def model_that_fits(free: float | None) -> str | None:
    """The largest config that ships for COCO's keypoints and fits into so many bytes; the smallest for None."""
    best = None if free is not None else "t"
    for size, shape in SIZES.items():
        with torch.device("meta"):
            parameters = ViTPose(**shape).parameter_count()
        if free is not None and _COPIES * 4 * parameters + _BESIDE < free:
            best = size.lower()
    return None if best is None else f"vitpose_{best}_simple_coco_256x192"


def _is_about_memory(message: str) -> bool:
    return any(
        words in message.lower()
        for words in ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc")
    )
