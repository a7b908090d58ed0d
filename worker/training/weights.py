"""Weights out of a training, for use."""

from __future__ import annotations

import copy
from pathlib import Path

import safetensors
import torch
from torch import Tensor, nn

from ..vitpose.checkpoint import save_checkpoint
from .recipe import TrainingError


def export(
    model: nn.Module,
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
