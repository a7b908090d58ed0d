"""ViTPose in mmpose: its own network, crops and decoding, from the same configs and weights as ours."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..vitpose.checkpoint import load_checkpoint
from ..vitpose.config import read_config
from ..vitpose.model import ViTPose
from ..vitpose.model_config import config_path, load_model_config
from .backend import BackendError, checked
from .device import choose_device

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about pkg_resources and torch.jit, for mmpose's own developers
    import mmpretrain.utils.dependency

    # Where transformers is installed mmpretrain imports its language models, which no transformers of today fits.
    mmpretrain.utils.dependency.WITH_MULTIMODAL = False
    from mmengine.config import Config
    from mmpose.apis import inference_topdown, init_model

# From model.py's names (the official ones) to mmpose's.
NAMES = [
    (r"^backbone\.patch_embed\.proj\.", "backbone.patch_embed.projection."),
    (r"^backbone\.last_norm\.", "backbone.ln1."),
    (r"^backbone\.blocks\.(\d+)\.norm([12])\.", r"backbone.layers.\1.ln\2."),
    (r"^backbone\.blocks\.(\d+)\.mlp\.fc1\.", r"backbone.layers.\1.ffn.layers.0.0."),
    (r"^backbone\.blocks\.(\d+)\.mlp\.fc2\.", r"backbone.layers.\1.ffn.layers.1."),
    (r"^backbone\.blocks\.(\d+)\.attn\.", r"backbone.layers.\1.attn."),
    (r"^keypoint_head\.", "head."),
]


class MMPoseBackend:
    """mmpose's TopdownPoseEstimator, one picture and any number of boxes at a time, in float32."""

    def __init__(self, config: str | Path, checkpoint: str | Path, device: str = "auto") -> None:
        """config: a path, or the name of one that ships. checkpoint: any that the torch backend reads.

        Raises ConfigError, CheckpointError or BackendError.
        """
        self.config = load_model_config(config)
        self.name = self.config.name
        self.skeleton = self.config.skeleton
        self.input_size = self.config.input_size
        self.device = choose_device(device)
        whole_config(config)  # what mmpose cannot run is said before large weights are read
        with torch.device("meta"):  # no time spent on weights that the file replaces
            ours = self.config.build()
        load_checkpoint(ours, checkpoint, self.name, self.config.dataset)
        self.model = build_mmpose(config, ours, self.device)
        width, height = self.input_size
        # The first picture is slow everywhere: memory is taken and kernels are chosen for these shapes.
        self.infer(np.zeros((height, width, 3), np.uint8), np.array([[0, 0, width, height]]))

    def infer(self, image: np.ndarray, boxes: np.ndarray, flip_test: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """As Backend.infer. flip_test: average with the heatmaps of the mirrored crops."""
        image, boxes = checked(image, boxes)
        self.model.test_cfg["flip_test"] = flip_test
        keypoints = np.full((len(boxes), self.config.keypoints, 2), np.nan, np.float32)
        scores = np.zeros(keypoints.shape[:2], np.float32)
        if len(boxes) == 0:  # mmpose would take the whole picture
            return keypoints, scores
        bgr = np.ascontiguousarray(image[..., ::-1])
        for i, sample in enumerate(inference_topdown(self.model, bgr, boxes)):
            found = sample.pred_instances.keypoint_scores[0] > 0  # false for NaN, too
            scores[i, found] = sample.pred_instances.keypoint_scores[0][found]
            keypoints[i, found] = sample.pred_instances.keypoints[0][found]
        return keypoints, scores


def whole_config(config: str | Path) -> Config:
    """A config as mmpose takes it, read without being run. Raises ConfigError, BackendError for none that it could."""
    path = config_path(config)
    described = Config(read_config(path))
    if described.get("model", {}).get("type") != "TopdownPoseEstimator" or "test_dataloader" not in described:
        raise BackendError(
            f"{path} is no whole config in mmpose 1.x format; expected a TopdownPoseEstimator and a test_dataloader. "
            "Choose the same model's config in configs/, which takes the same weights, or leave --backend out."
        )
    if "attention" in described.model.backbone:
        raise BackendError(f"{path} has attention of our own, which mmpose does not have; leave --backend out.")
    return described


def build_mmpose(config: str | Path, ours: ViTPose, device: str = "cpu", flip_test: bool = False) -> torch.nn.Module:
    """mmpose's own model of a config, as its `init_model` builds it, with the weights of ours.

    config: a path, or the name of one that ships; read as ours are, without being run. flip_test: whether
    `inference_topdown` averages with the mirrored picture, as configs say for measuring accuracy.
    Raises ConfigError or BackendError.
    """
    described = whole_config(config)
    described.model.test_cfg.flip_test = flip_test
    described.train_dataloader = described.test_dataloader  # where mmpose looks for the data set's keypoints
    theirs = init_model(described, device=device)
    theirs.load_state_dict(mmpose_weights(ours.state_dict()), strict=True)
    return theirs


def mmpose_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under mmpose's names. It keeps no row 0 of the positions, so that the row is added to the others."""
    renamed = {}
    for key, value in weights.items():
        if key == "backbone.pos_embed":
            value = value[:, 1:] + value[:, :1]
        for pattern, replacement in NAMES:
            key, count = re.subn(pattern, replacement, key)
            if count:
                break
        renamed[key] = value
    return renamed
