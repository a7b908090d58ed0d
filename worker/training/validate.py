"""How well a network finds labelled people while it learns: `mocap eval`'s figure, with the flip test, or PCK."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from ..backends import TorchBackend
from ..evaluation import EvaluationError
from ..evaluation.datasets import Dataset
from ..evaluation.job import Options, chosen_keypoints, run
from ..evaluation.predict import read_picture
from ..vitpose.checkpoint import fill
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop, crop_of, normalise
from .annotated import People
from .shared_backbone import SharedBackbone

#: What is measured, the first that a dataset has: AP, MPII's PCKh, InterHand's AUC.
_MEASURES = ("ap", "pckh", "auc")
#: A keypoint is right within this share of the box's longer side.
BOX_SHARE = 0.1


class _InTraining(TorchBackend):
    """The network as it is: nothing is prepared that would be of no use after the next step."""

    def __init__(self, model: ViTPose, config: ModelConfig) -> None:
        self.config, self.name, self.skeleton, self.input_size = config, config.name, config.skeleton, config.input_size
        self.device = str(next(model.parameters()).device)
        self.engine, self.precision, self._live = "torch", "fp32", None
        self._network = lambda crops: model(normalise(crops, config.mean, config.std))


def average_precision(
    model: ViTPose, config: ModelConfig, dataset: Dataset, batch: int = 64, workers: int = 1, flip: bool = True
) -> float:
    """AP, 0…1, or what the dataset has for it. Raises EvaluationError where nobody can be measured."""
    backend = _InTraining(model.eval(), config)
    with tempfile.TemporaryDirectory() as folder:
        options = Options(flip, batch, workers, Path(folder), jitter_pictures=0)
        measures = run(backend, {}, dataset, options)["measures"]
    figures = measures.get("wholebody") or measures["all"]
    value = next((figures[name] for name in _MEASURES if figures.get(name) is not None), None)
    if value is None:
        raise EvaluationError(f"{dataset.source} has nobody whose keypoints can be measured.")
    return float(value)


def box_pck(model: ViTPose, config: ModelConfig, people: People) -> float:
    """The share of labelled keypoints, of any skeleton, found within 0.1 of the box's longer side."""
    backend = _InTraining(model.eval(), config)
    right, of = 0, 0
    for picture in sorted(set(people.picture.tolist())):
        own = people.picture == picture
        image = read_picture(Path(people.pictures[picture]), *(int(v) for v in people.sizes[picture]))
        boxes, true = people.boxes[own], people.keypoints[own]
        centres, sizes = crop_of(boxes, config.input_size)
        crops = crop(image, centres, sizes, config.input_size, config.codec.udp)
        found, _ = backend.infer_crops(crops, centres, sizes)
        reach = BOX_SHARE * (boxes[:, 2:] - boxes[:, :2]).max(1)
        near = np.linalg.norm(found - true[..., :2], axis=2) <= reach[:, None]  # false for NaN
        labelled = true[..., 2] > 0
        right, of = right + int((near & labelled).sum()), of + int(labelled.sum())
    return right / of


def of_one(model: SharedBackbone, config: ModelConfig) -> ViTPose:
    """A data set's plain network out of one with several heads."""
    device = next(model.parameters()).device
    plain = config.build()
    with torch.no_grad():
        fill(plain, model.state_dict(), "the network in training", config.name, config.dataset)
    return plain.to(device)


def check_measurable(config: ModelConfig, dataset: Dataset) -> None:
    """Raises EvaluationError, hours before it would matter, where the model lacks the dataset's keypoints."""
    chosen_keypoints(config.skeleton, config.keypoints, dataset)
