"""A run on drawn pictures, put together from a config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from ..evaluation import synthetic
from ..evaluation.datasets import Dataset, open_dataset
from ..vitpose.model_config import ModelConfig, load_model_config
from .pictures import PictureSource
from .processes import Processes
from .recipe import TrainingError
from .train import Recipe, Trainer
from .validate import average_precision, check_measurable


def drawn_trainer(
    config: Path, recipe: Recipe, folder: Path, val: list[str] | None, val_images: Path | None, processes: Processes
) -> Trainer:
    """The trainer of a config. Raises TrainingError, EvaluationError, ConfigError and what drawing raises.

    val: what is measured on; None for pictures that no training draws, as many as the recipe says.
    """
    described = load_model_config(config)
    recipe.model = recipe.model or described.name
    if described.skeleton != "coco17" or not described.codec.udp:
        raise TrainingError(f"{config} is no model of COCO's 17 keypoints with UDP, as drawn people are labelled")
    dataset = None
    if val:
        if len(val) > 1:
            raise TrainingError(f"AP is measured on one data set; --val was given {len(val)} times")
        dataset = open_dataset(Path(val[0]), images=val_images, model=described.skeleton)
        check_measurable(described, dataset)
    elif recipe.val_pictures and processes.first:
        dataset = _held_out(recipe)
    measure = _measure(described, dataset) if dataset else None
    return Trainer(described.build(), recipe, folder, None, measure, processes)


def _held_out(recipe: Recipe) -> Dataset:
    """Pictures of what no training draws: poses of the test clips, where the training's are of clips at all, and
    bodies and clothes that are held out."""
    options = recipe.source | {"size": tuple(recipe.input_size), "seed": synthetic.SEED}
    options["split"] = "rest" if options.get("split") == "rest" else "test"
    options["held_out"] = options.get("people") == "varied"
    options["poses"] = min(options.get("poses", synthetic.POSES), synthetic.POSES)
    source = PictureSource(**options)
    pictures = [source.draw(index, recipe.hardness_most) for index in range(recipe.val_pictures)]
    return synthetic.dataset_of(pictures, f"{len(pictures)} drawn pictures")


def _measure(config: ModelConfig, dataset: Dataset) -> Callable[[nn.Module], float]:
    return lambda model: average_precision(model, config, dataset, flip=False)
