"""One way to ask for keypoints, whatever runs the network.

A backend takes a picture and person boxes and gives keypoints in the picture. `torch` is the default and the
only one so far; mmpose is to stand beside it with the same three attributes and `infer`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from .vitpose.checkpoint import CheckpointError, config_named_in, load_checkpoint
from .vitpose.codec import decode
from .vitpose.fitting import config_that_fits
from .vitpose.model import ViTPose
from .vitpose.model_config import DEFAULT_MODEL, ModelConfig, load_model_config
from .vitpose.transforms import crop, crop_of, normalise


class BackendError(Exception):
    """A backend or device that cannot be used; the message says why and what to choose."""


class Backend(Protocol):
    """name: the model's. device: where it runs. skeleton: what the keypoints are, such as "coco17".
    input_size: (width, height) px of a crop."""

    name: str
    device: str
    skeleton: str
    input_size: tuple[int, int]

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


class TorchBackend:
    """ViTPose in PyTorch, one picture and any number of boxes at a time.

    precision: "fp32", or "bf16", which rounds the matrices: faster where the CPU or GPU has it.
    """

    def __init__(
        self, model: ViTPose, config: ModelConfig, device: str = "auto", precision: str = "fp32"
    ) -> None:
        self.config = config
        self.name = config.name
        self.skeleton = config.skeleton
        self.input_size = config.input_size
        self.device = choose_device(device)
        self.precision = precision
        if precision not in ("fp32", "bf16"):
            raise BackendError(f"The precision is {precision!r}; expected fp32 or bf16.")
        self.model = model.eval().to(self.device)
        if precision == "bf16":
            _round_matrices(self.model)
        width, height = self.input_size
        # The first pictures are slow everywhere: memory is taken and kernels are chosen for these shapes.
        for _ in range(2):
            self.infer(np.zeros((height, width, 3), np.uint8), np.array([[0, 0, width, height]]))

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints of the person in each box, and how sure they are.

        image: (H, W, 3) uint8 RGB. boxes: (N, 4) xyxy px; they may reach beyond the picture.
        Returns (N, K, 2) px and (N, K), float32. A score is the heatmap's maximum, about 0…1; a keypoint that
        the heatmap does not show at all is NaN with score 0.
        """
        image, boxes = _checked(image, boxes)
        if len(boxes) == 0:
            keypoints = self.config.keypoints
            return np.zeros((0, keypoints, 2), np.float32), np.zeros((0, keypoints), np.float32)
        centres, sizes = crop_of(boxes, self.input_size)
        crops = crop(image, centres, sizes, self.input_size, self.config.codec.udp)
        with torch.inference_mode():
            heatmaps = self.heatmaps(torch.from_numpy(crops).to(self.device))
            place = torch.from_numpy(np.stack([centres, sizes])).to(self.device)
            keypoints, scores = decode(heatmaps, place[0], place[1], self.config.codec)
            found = torch.cat([keypoints, scores[..., None]], dim=-1).cpu().numpy()
        return np.ascontiguousarray(found[..., :2]), np.ascontiguousarray(found[..., 2])

    @torch.inference_mode()
    def heatmaps(self, crops: torch.Tensor) -> torch.Tensor:
        """Crops (N, height, width, 3) uint8 RGB on the device to heatmaps (N, K, height/4, width/4)."""
        images = normalise(crops, self.config.mean, self.config.std)
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.precision == "bf16"):
            return self.model(images).float()


def load_backend(
    config: str | Path | None = None,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    name: str = "torch",
) -> TorchBackend:
    """A backend ready to run.

    config: a path, or the name of one that ships. checkpoint: a path. device: "auto", "cpu", "cuda:0", "mps".
    What is left out comes from VITPOSE_CONFIG, VITPOSE_CHECKPOINT and VITPOSE_DEVICE, then from what ships;
    a checkpoint of ours knows its config.
    Raises ConfigError, CheckpointError or BackendError, each a sentence for the user.
    """
    if name != "torch":
        raise BackendError(f"There is no backend {name!r}; there is torch.")
    config = config or os.environ.get("VITPOSE_CONFIG") or None
    checkpoint = checkpoint or os.environ.get("VITPOSE_CHECKPOINT") or None
    device = choose_device(device or os.environ.get("VITPOSE_DEVICE") or "auto")
    if config is None and checkpoint is not None:
        config = config_named_in(checkpoint)
    described = load_model_config(config or DEFAULT_MODEL)
    if checkpoint is None:
        checkpoint = shipped_checkpoint(described)
    with torch.device("meta"):  # no time spent on weights that the file replaces
        model = described.build()
    try:
        load_checkpoint(model, checkpoint, described.name)
    except CheckpointError as error:
        fitting = config_that_fits(checkpoint) if config is None else None
        if fitting is None:
            raise
        raise CheckpointError(f"{error} Its shapes fit {fitting}; choose that with --config.") from None
    return TorchBackend(model, described, device, precision or "fp32")


def shipped_checkpoint(config: ModelConfig) -> Path:
    """The weights that ship for a network, by the config that they name. Raises CheckpointError for none."""
    folder = Path(str(resources.files("mocap_worker.checkpoints")))
    shipped = sorted(folder.glob("*.safetensors"))
    for path in shipped:
        made_for = load_model_config(config_named_in(path) or DEFAULT_MODEL)
        if replace(made_for, name=config.name, drop_path=config.drop_path) == config:
            return path
    raise CheckpointError(
        f"No weights ship for {config.name} (there are: {', '.join(p.name for p in shipped) or 'none'}). "
        "Give a file with --checkpoint or VITPOSE_CHECKPOINT."
    )


def choose_device(wanted: str = "auto") -> str:
    """The device to run on, as torch names it. "auto": a GPU where torch can use one. Raises BackendError."""
    cuda = torch.cuda.is_available()  # AMD's ROCm answers to this name as well
    mps = torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda:0" if cuda else "mps" if mps else "cpu"
    usable = [
        "cpu",
        *(f"cuda:{i}" for i in range(torch.cuda.device_count() if cuda else 0)),
        *(["mps"] * mps),
    ]
    chosen = "cuda:0" if wanted == "cuda" else wanted
    if chosen not in usable:
        raise BackendError(
            f"The device {wanted!r} is not there; this machine has {', '.join(usable)}, or auto."
        )
    return chosen


def _round_matrices(model: ViTPose) -> None:
    """Matrices and kernels to bfloat16, once; norms and positions stay in float32."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.to(torch.bfloat16)


def _checked(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    image, boxes = np.asarray(image), np.asarray(boxes, dtype=np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            f"the picture is {image.shape} {image.dtype}; expected (height, width, 3) uint8, RGB"
        )
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"the boxes are {boxes.shape}; expected (count, 4): x1, y1, x2, y2 in pixels")
    if not np.isfinite(boxes).all() or (boxes[:, 2:] - boxes[:, :2] < 1e-3).any():
        raise ValueError(f"a box has no area: {boxes.tolist()}; expected x1 < x2 and y1 < y2")
    return image, boxes
