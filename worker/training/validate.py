"""How well a network finds labelled people while it learns: `mocap eval`'s figure, with the flip test."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..backends import TorchBackend
from ..evaluation import EvaluationError
from ..evaluation.datasets import Dataset
from ..evaluation.job import Options, chosen_keypoints, run
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import normalise

#: What is measured, the first that a dataset has: AP, MPII's PCKh, InterHand's AUC.
_MEASURES = ("ap", "pckh", "auc")


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


def check_measurable(config: ModelConfig, dataset: Dataset) -> None:
    """Raises EvaluationError, hours before it would matter, where the model lacks the dataset's keypoints."""
    chosen_keypoints(config.skeleton, config.keypoints, dataset)
