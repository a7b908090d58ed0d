"""Which of the configs that ship a checkpoint's shapes fit."""

from pathlib import Path

import torch

from .checkpoint import CheckpointError, fill, read_weights
from .model_config import load_model_config, shipped_configs


def config_that_fits(path: str | Path) -> str | None:
    """A config's name, or None. Raises CheckpointError for a file that cannot be read.

    Shapes do not tell the codec, nor which keypoints they are: a proposal for the user, not a choice.
    """
    weights, _ = read_weights(path)
    for name in shipped_configs():
        with torch.device("meta"):
            model = load_model_config(name).build()
        try:
            fill(model, weights, str(path))
        except CheckpointError:
            continue
        return name
    return None
