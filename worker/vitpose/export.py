"""The network as an ONNX file, for other programs."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path

import torch

from .checkpoint import CheckpointError
from .model import ViTPose
from .model_config import ModelConfig

_LARGEST = 1.9e9  # bytes; an ONNX file ends at 2 GiB, and weights beyond go into a file beside it


def export_onnx(model: ViTPose, config: ModelConfig, path: str | Path) -> None:
    """Writes float32 ONNX: `images` (N, 3, height, width), normalised RGB, to `heatmaps` (N, K, height/4, width/4).

    N is free. What the pictures are normalised by is in the file's metadata, as are the keypoints' names.
    A model of 1.9 GB and more puts its weights into `path` with `.data` behind it.
    Raises CheckpointError where the file cannot be written or the extra `onnx` is missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 (torch's exporter needs it)
    except ImportError as error:
        raise CheckpointError(
            f"ONNX needs the extra onnx ({error}); `uv sync --extra onnx` installs it."
        ) from None
    width, height = config.input_size
    # Two pictures: the exporter takes a batch of one for a constant.
    images = torch.zeros(2, 3, height, width)
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval().cpu(),
            (images,),
            input_names=["images"],
            output_names=["heatmaps"],
            dynamic_shapes={"images": {0: torch.export.Dim("people")}},
            dynamo=True,
            verbose=False,
        )
    program.model.metadata_props.update(
        config=config.name,
        mean=" ".join(map(str, config.mean)),
        std=" ".join(map(str, config.std)),
        skeleton=config.skeleton,
        codec=("udp" if config.codec.udp else "no udp") + f", blur {config.codec.blur}",
    )
    external = sum(value.numel() * value.element_size() for value in model.state_dict().values()) > _LARGEST
    try:
        program.save(str(path), external_data=external)
        onnx.checker.check_model(str(path))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}.") from None


@contextlib.contextmanager
def _quiet():
    """The exporter's progress is for its own developers."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
