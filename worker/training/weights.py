"""Weights into and out of training: starting from others, and what ships."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import safetensors
import torch
from torch import Tensor

from ..vitpose.checkpoint import read_weights, save_checkpoint
from ..vitpose.model import ViTPose
from .loop import TrainingError


def read(path: str | Path) -> tuple[dict[str, Tensor], float | None]:
    """A run's averaged weights and how hard its pictures had become, or a checkpoint's weights and None.

    Raises CheckpointError for what is neither.
    """
    path = Path(path)
    if path.suffix == ".pt" and path.is_file():
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            state = None  # read_weights says what is wrong with it
        if isinstance(state, dict) and "average" in state:
            return state["average"], state.get("hardness")
    return read_weights(path)[0], None


def export(
    model: ViTPose,
    average: dict[str, Tensor],
    path: Path,
    config: str,
    dtype: torch.dtype = torch.float16,
    **notes: str,
) -> None:
    """Writes averaged weights as safetensors that name the model's config. Raises TrainingError."""
    model = copy.deepcopy(model)
    model.load_state_dict(average)
    try:
        save_checkpoint(model, path, config, dtype, **notes)
    except (OSError, safetensors.SafetensorError) as error:
        raise TrainingError(f"{path} cannot be written: {error}; what was there is kept") from error
