"""A run's state on disk: written whole or not at all, read back, or a sentence about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from .recipe import TrainingError


def write(state: dict, path: Path) -> None:
    """Raises TrainingError; what was there is kept then."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, part)
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as the latter
        with suppress(OSError):
            part.unlink(missing_ok=True)
        what = str(error).splitlines()[0]
        raise TrainingError(f"{path} cannot be written: {what}; what was there is kept") from error


@contextmanager
def read(path: Path) -> Iterator[dict]:
    """The state; whatever goes wrong with it in the block is told, too, as TrainingError."""
    try:
        yield torch.load(path, map_location="cpu", weights_only=True)
    except TrainingError:
        raise
    except FileNotFoundError:
        told = f"{path} is not there, but another process has it; --out must be one folder that all machines share"
        raise TrainingError(told) from None
    except Exception as error:  # torch raises whatever the damage leads to
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise TrainingError(
            f"{path} cannot be gone on from ({what}): it is damaged, or of another model. Choose another --out."
        ) from error


def made_small(state: dict) -> None:
    """Halves a run's state in place: the optimiser's moments as bf16, the average as fp16.

    The weights that learn keep their bits: what a step adds to them is often less than 16 bits would show.
    """
    state["average"] = {k: v.half() if v.is_floating_point() else v for k, v in state["average"].items()}
    moments = state["optimiser"]["state"]
    state["optimiser"]["state"] = {
        number: {k: v.bfloat16() if k.startswith("exp_avg") else v for k, v in values.items()}
        for number, values in moments.items()
    }
