"""A backend out of names: which config, which weights, which device."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import torch

from ..vitpose.checkpoint import CheckpointError, config_named_in, load_checkpoint
from ..vitpose.hub import PUBLISHED, located
from ..vitpose.model_config import DEFAULT_MODEL, ModelConfig, load_model_config
from .backend import Backend, BackendError
from .device import choose_device
from .memory import enough_memory
from .torch_backend import TorchBackend

BACKENDS = ("torch", "mmpose")


def load_backend(
    config: str | Path | None = None,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    name: str = "torch",
    progress: Callable[[str, float], None] = lambda message, share: None,
) -> Backend:
    """A backend ready to run.

    config: a path, the name of one that ships, or of published weights that were pulled. checkpoint: a path, or
    the name of such weights. device: "auto", "cpu", "cuda:0", "mps".
    precision: "auto" (the default), "fp32", "bf16" or "fp16"; see TorchBackend. name: "torch", or "mmpose" where
    its extra is installed. progress: called with what is being done and 0…1.
    What is left out comes from VITPOSE_CONFIG, VITPOSE_CHECKPOINT and VITPOSE_DEVICE, then from what ships;
    a checkpoint of ours knows its config.
    Raises ConfigError, CheckpointError or BackendError, each a sentence for the user.
    """
    if name not in BACKENDS:
        raise BackendError(f"There is no backend {name!r}; there are {' and '.join(BACKENDS)}.")
    config = config or os.environ.get("VITPOSE_CONFIG") or None
    checkpoint = checkpoint or os.environ.get("VITPOSE_CHECKPOINT") or None
    config, checkpoint = located(config, checkpoint)
    device = choose_device(device or os.environ.get("VITPOSE_DEVICE") or "auto")
    if config is None and checkpoint is not None:
        config = config_named_in(checkpoint)
    if name == "mmpose":
        return _mmpose(config or DEFAULT_MODEL, checkpoint, device, precision or "fp32")
    described = load_model_config(config or DEFAULT_MODEL)
    if checkpoint is None:
        checkpoint = shipped_checkpoint(described)
    with torch.device("meta"):  # no time spent on weights that the file replaces
        model = described.build()
    progress("Reading the weights", 0.5)
    with enough_memory(described, "cpu"):
        load_checkpoint(model, checkpoint, described.name, described.dataset)
    return TorchBackend(model, described, device, precision or "auto", progress)


def shipped_checkpoint(config: ModelConfig) -> Path:
    """The weights that ship for a network, by the config that they name. Raises CheckpointError for none."""
    folder = Path(str(resources.files("mocap_worker.checkpoints")))
    shipped = sorted(folder.glob("*.safetensors"))
    for path in shipped:
        made_for = load_model_config(config_named_in(path) or DEFAULT_MODEL)
        if replace(made_for, name=config.name, drop_path=config.drop_path) == config:
            return path
    fetched = [name for name, (_, described) in PUBLISHED.items() if described == config.name]
    pulling = f", or `mocap models pull {fetched[0]}` once" if fetched else ""
    raise CheckpointError(
        f"No weights ship for {config.name} (there are: {', '.join(p.name for p in shipped) or 'none'}). "
        f"Give a file with --checkpoint or VITPOSE_CHECKPOINT{pulling}."
    )


def _mmpose(config: str | Path, checkpoint: str | Path | None, device: str, precision: str) -> Backend:
    if precision not in ("fp32", "auto"):
        raise BackendError(f"mmpose runs in fp32 only, not in {precision}; leave the precision out.")
    try:
        from .mmpose_backend import MMPoseBackend
    except (ImportError, RuntimeError, TypeError) as error:  # missing, or of versions that do not fit each other
        raise BackendError(
            f"The backend mmpose cannot be used here: {error}. Install the extra mmpose, with Python 3.11, as "
            "docs/models.md says: `uv pip install --no-build-isolation-package=mmcv '.[mmpose]'`; or leave "
            "--backend out."
        ) from None
    if checkpoint is None:
        checkpoint = shipped_checkpoint(load_model_config(config))
    return MMPoseBackend(config, checkpoint, device)
