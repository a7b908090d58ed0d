"""Weights into and out of training: starting from others, and what ships."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor

from ..vitpose.checkpoint import read_weights, save_checkpoint
from ..vitpose.model import ViTPose


def read(path: str | Path) -> tuple[dict[str, Tensor], float | None]:
    """A run's averaged weights and how hard its pictures had become, or a checkpoint's weights and None."""
    path = Path(path)
    if path.suffix != ".pt":
        return read_weights(path)[0], None
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state["average"], state["hardness"]


def export(model: ViTPose, average: dict[str, Tensor], path: Path, config: str, **notes: str) -> None:
    """Writes averaged weights in half precision, as safetensors that name the model's config."""
    model = copy.deepcopy(model)
    model.load_state_dict(average)
    save_checkpoint(model, path, config, torch.float16, **notes)
